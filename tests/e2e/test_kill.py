"""Kills under load: every acknowledged payment is stored, none is stored twice, and the books are correct."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import load, processes
from tests.e2e.crash import BACK_SECONDS, KILLS, crash
from tests.e2e.load import HANG_SECONDS
from tests.e2e.processes import Installation

LOAD_SECONDS = 0.4


@pytest.fixture
def installation(cluster_home: Path, seeded_data: Path) -> Iterator[Installation]:
    with processes.installation(cluster_home / "killed", seeded_data, **load.SETTINGS) as made:
        yield made


async def test_no_acknowledged_payment_is_lost_and_none_is_made_twice(installation: Installation) -> None:
    """A few rounds; `python -m tests.e2e.crash` runs more."""
    rounds, clients = await crash(installation, list(KILLS), LOAD_SECONDS, clients=8)
    assert all(one.orders > 0 for one in rounds)
    # Several times the documented times, because a busy machine has taken longer.
    assert [one.back_after_seconds < 4 * BACK_SECONDS for one in rounds] == [True] * len(KILLS), rounds
    assert clients.slowest_seconds < 2 * HANG_SECONDS
    assert clients.answers["SERVICE_BUSY"] > 0, "no client noticed that PostgreSQL was down"
