"""A background loop continues after an error in one of its runs, and logs the error."""

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.loops import log_errors


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ServiceBusy("the database went away"), {"event": "put_off", "reason": "the database went away"}),
        (ZeroDivisionError("a bug"), {"event": "failed", "exc_info": True}),
    ],
)
def test_a_failed_run_is_logged_and_the_next_run_follows(error: Exception, expected: dict[str, object]) -> None:
    with (
        capture_logs() as logged,
        log_errors(structlog.get_logger(), work="testing", busy="put_off", failed="failed"),
    ):
        raise error
    (line,) = logged
    line.pop("log_level")
    assert line == expected


def test_a_cancelled_loop_ends() -> None:
    with (
        pytest.raises(asyncio.CancelledError),
        log_errors(structlog.get_logger(), work="testing", busy="put_off", failed="failed"),
    ):
        raise asyncio.CancelledError
