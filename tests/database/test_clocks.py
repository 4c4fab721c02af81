"""The difference between this machine's clock and the database's."""

import time

import pytest

from pocketpay.database import clocks, startup
from pocketpay.database.sessions import Database


async def test_equal_clocks_have_no_difference(database: Database) -> None:
    async with database.read() as session:
        assert clocks.difference(await clocks.seconds_ahead(session)) is None


@pytest.mark.parametrize(("shift", "words"), [(+60, "ahead of the database's"), (-60, "behind the database's")])
async def test_a_wrong_clock_is_reported_in_seconds(database: Database, shift: int, words: str) -> None:
    async with database.read() as session:
        told = clocks.difference(await clocks.seconds_ahead(session, lambda: time.time() + shift))
    assert told is not None
    assert told.endswith(words)
    assert 50 <= int(told.split()[0]) <= 60


def test_a_difference_within_the_tolerance_is_not_reported() -> None:
    assert clocks.difference(4.9) is clocks.difference(-4.9) is None
    assert clocks.difference(5.1) == "5 s ahead of the database's"


async def test_a_wrong_clock_is_reported_at_the_start(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks.seconds_ahead, "__defaults__", (lambda: 0.0,))
    async with database.read() as session:
        warnings = await startup._warnings(session)
    assert [warning for warning in warnings if "clock of this machine is" in warning and "behind" in warning]
