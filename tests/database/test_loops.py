"""A loop goes on whatever goes wrong in one of its turns, and says what went wrong."""

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.loops import log_errors


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ServiceBusy("the database went away"), {"event": "put_off", "reason": "the database went away"}),
        (ZeroDivisionError("a bug"), {"event": "failed", "exc_info": True}),
    ],
)
def test_a_turn_that_fails_is_logged_and_the_next_one_comes(error: Exception, told: dict[str, object]) -> None:
    with capture_logs() as logged, log_errors(structlog.get_logger(), busy="put_off", failed="failed"):
        raise error
    (line,) = logged
    line.pop("log_level")
    assert line == told


def test_a_loop_that_is_cancelled_ends() -> None:
    with pytest.raises(asyncio.CancelledError), log_errors(structlog.get_logger(), busy="put_off", failed="failed"):
        raise asyncio.CancelledError
