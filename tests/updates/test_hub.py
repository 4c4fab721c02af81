"""The time since which changes may have been missed, including after a failover to a database with another clock."""

from datetime import UTC, datetime, timedelta

import pytest

from pocketpay.updates.hub import OVERLAP, Hub
from tests.updates.test_listener import Recorder

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [timedelta(0), timedelta(minutes=1), timedelta(days=365)])
def test_nothing_is_missed_after_a_failover_from_a_clock_that_was_ahead(wrong: timedelta) -> None:
    time, recorder = [0.0], Recorder()
    hub = Hub(lambda: time[0])
    hub.join(recorder)
    hub.on_connect(NOON + wrong)
    time[0] = 5.0
    hub.received_until(NOON + timedelta(seconds=5) + wrong)
    time[0] = 25.0
    hub.on_connect(NOON + timedelta(seconds=25))
    last_heard = NOON + timedelta(seconds=5)
    assert recorder.missed_since[-1] == last_heard - OVERLAP
    assert hub.since() == NOON + timedelta(seconds=25) - OVERLAP


def test_nothing_is_missed_after_a_failover_from_a_clock_that_was_behind() -> None:
    time, recorder = [0.0], Recorder()
    hub = Hub(lambda: time[0])
    hub.join(recorder)
    hub.on_connect(NOON)
    time[0] = 20.0
    hub.on_connect(NOON + timedelta(hours=1))
    assert recorder.missed_since[-1] == NOON - OVERLAP
