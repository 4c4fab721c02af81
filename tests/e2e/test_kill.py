"""Killed in the middle of load: what was acknowledged is there, nothing is there twice, the books are right."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import load, processes
from tests.e2e.crash import BACK_SECONDS, KILLS, crash
from tests.e2e.load import HANG_SECONDS
from tests.e2e.processes import House


@pytest.fixture
def house(cluster_home: Path) -> Iterator[House]:
    with processes.house(cluster_home / "killed", **load.SETTINGS) as made:
        yield made


async def test_no_acknowledged_payment_is_lost_and_none_comes_twice(house: House) -> None:
    """The short form; `python -m tests.e2e.crash` goes on for longer."""
    rounds, clients = await crash(house, list(KILLS), 2.0)
    assert all(one.orders > 0 for one in rounds)
    # Twice the promise: a machine that is busy with other things too has taken nearly all of it.
    assert [one.back_after_seconds < 2 * BACK_SECONDS for one in rounds] == [True] * len(KILLS), rounds
    assert clients.slowest_seconds < HANG_SECONDS
    assert clients.answers["SERVICE_BUSY"] > 0, "nobody noticed that PostgreSQL was away"
