"""The clearing's connection converts times exactly as the driver does."""

import random
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from asyncpg import Connection, Record

from pocketpay.clearing.queue import Clearing
from pocketpay.database.sessions import Database
from pocketpay.ledger.house import HouseAccounts
from tests.payments.customers import terms

MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EDGES = tuple(
    edge + offset
    for edge in (
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1582, 10, 15, tzinfo=UTC),
        datetime(2026, 3, 4, 5, 6, 7, 89, UTC),
    )
    for offset in (-MICROSECOND, timedelta(0), MICROSECOND, timedelta(days=-1), timedelta(hours=25))
)
ENDS = (
    *(LAST, FIRST, LAST.replace(tzinfo=None), FIRST.replace(tzinfo=None), LAST - MICROSECOND, FIRST + MICROSECOND),
)
ZONES = (timezone(timedelta(hours=14)), timezone(-timedelta(hours=3, minutes=30)), ZoneInfo("Europe/Berlin"))
PUT_BACK = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
"""A time that comes twice; the second one has `fold=1`, and Python finds both equal."""


def _times() -> list[datetime]:
    chance = random.Random(74)
    seconds = (LAST - FIRST) // timedelta(seconds=1)
    drawn = [FIRST + timedelta(0, chance.randrange(seconds), chance.randrange(1_000_000)) for _ in range(200)]
    elsewhere = [one.astimezone(zone) for one in EDGES for zone in ZONES]
    local = [one.replace(tzinfo=None) for one in EDGES]
    return [*EDGES, *ENDS, *drawn, *elsewhere, *local, PUT_BACK, PUT_BACK.replace(fold=1)]


async def _texts(connection: "Connection[Record]", times: list[datetime]) -> list[str]:
    """Returns the times as PostgreSQL received them: each as an argument, all in an array, all in rows of a unit."""
    alone = [await connection.fetchval("select $1::timestamptz::text", one) for one in times]
    together = await connection.fetchval("select array_agg(t::text) from unnest($1::timestamptz[]) t", times)
    of_rows = "select array_agg(hour::text) from unnest($1::written_usage[])"
    in_rows = await connection.fetchval(of_rows, [(None, None, one, None) for one in times])
    assert alone == together == in_rows
    return alone


async def test_the_clearing_reads_and_writes_times_as_the_driver_does(
    database: Database, owner: "Connection[Record]"
) -> None:
    clearing = Clearing(database, terms(), HouseAccounts.of([]))
    converting = await clearing._lanes[0]._connected()
    try:
        for connection in (owner, converting):
            await connection.execute("set timezone = 'UTC'")
        times = _times()
        for _ in range(2):  # the second time from the kept conversions
            texts = await _texts(converting, times)
            assert texts == await _texts(owner, times)
            read = [await one.fetch("select unnest($1::text[])::timestamptz t", texts) for one in (owner, converting)]
            plain, kept = ([row["t"] for row in rows] for rows in read)
            assert kept == plain
            assert [one.tzinfo for one in kept] == [one.tzinfo for one in plain]
    finally:
        converting.terminate()
