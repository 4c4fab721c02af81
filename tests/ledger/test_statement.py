"""Statements and balances at a time, compared with a plain list of payments."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.sessions import Database, Session
from pocketpay.errors import BooksDisagree
from pocketpay.ledger import entries, statement
from pocketpay.ledger.month import Month
from pocketpay.ledger.point import END_OF_TIME, Point, just_after, points
from pocketpay.ledger.repository.postings import ensure_house_accounts
from pocketpay.ledger.statement import statements, totals
from pocketpay.ledger.time_zones import time_zone
from pocketpay.money import Money
from tests.conftest import Dsns
from tests.ledger.posted import BOUNDARIES, EPOCH, Paid, post, random_history
from tests.transactions.past import people
from tests.warm_connections import connected

Owner: TypeAlias = "Connection[Record]"

YEAR = [Month(2025, number) for number in range(1, 13)]
TICK = timedelta(microseconds=1)


@pytest.fixture
async def owner(warm: None, module_dsn: Dsns) -> AsyncIterator[Owner]:
    connection = await connected(module_dsn.owner)
    yield connection
    await connection.close()


@pytest.fixture
async def database(warm: None, module_dsn: Dsns) -> AsyncIterator[Database]:
    database = await Database.open(module_dsn.server, readers=2, writers=1)
    async with database.write() as session:
        await ensure_house_accounts(session, ["USD"])
    yield database
    await database.close()


@pytest.fixture
async def session(database: Database) -> AsyncIterator[Session]:
    async with database.read() as session:
        yield session


async def somebody(owner: Owner, many: int) -> list[UUID]:
    return await people(owner, *(f"p{uuids.uuid7().hex[12:]}" for _ in range(many)))


def changes(paid: list[Paid], wallet: UUID) -> list[tuple[datetime, int]]:
    """Returns (time, amount) of each of the wallet's entries, from the list of payments."""
    out = [(one.at, -one.amount - one.fee) if one.source == wallet else (one.at, one.amount) for one in paid]
    return [what for one, what in zip(paid, out, strict=True) if wallet in (one.source, one.destination)]


def at_changes(zone_name: str, wallet: UUID, others: list[UUID], chance: random.Random) -> list[Paid]:
    """Payments around each start of a month in that zone and each change of its clocks, in 2025."""
    zone, day = time_zone(zone_name), datetime(2024, 12, 30, tzinfo=UTC)
    edges = {edge for month in year_in(zone_name) for edge in (month.starts, month.ends)}
    moments = {edge + n * TICK for edge in edges for n in (-1, 0)}
    for hour in range(370 * 24):
        at = day + timedelta(hours=hour)
        if at.astimezone(zone).utcoffset() != (at - timedelta(hours=1)).astimezone(zone).utcoffset():
            moments |= {at - TICK, at, at + timedelta(minutes=30)}
    whose, paid = [wallet, *others], []
    for number, at in enumerate(sorted(moments)):
        one, other = chance.sample(whose, 2)
        if number < 6:
            paid.append(Paid(at, None, whose[number % len(whose)], 10_000))
        else:
            paid.append(Paid(at, one, other, chance.randint(1, 40), fee=chance.randint(0, 2)))
    return paid


def year_in(zone_name: str) -> list[Month]:
    return [Month(2025, number, zone_name) for number in range(1, 13)]


def shown_month(at: datetime, zone_name: str) -> tuple[int, int]:
    """Returns the year and month of that time in that zone."""
    there = at.astimezone(time_zone(zone_name))
    return there.year, there.month


@pytest.mark.parametrize(
    "zone_name",
    [
        *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago"),
        *("Australia/Lord_Howe", "America/Havana", "Africa/Cairo", "Africa/Casablanca"),
    ],
)
async def test_each_payment_is_in_its_month_and_the_months_sum_to_the_closing_balance(
    owner: Owner, database: Database, session: Session, zone_name: str
) -> None:
    wallet, *others = await somebody(owner, 3)
    paid = at_changes(zone_name, wallet, others, random.Random(zone_name))
    assert len(paid) > 24
    await post(owner, paid)
    for whose in (wallet, *others):
        mine = changes(paid, whose)
        closing = sum(amount for at, amount in mine if shown_month(at, zone_name) < (2025, 1))
        for month, of in (await statements(session, whose, year_in(zone_name))).items():
            here = [amount for at, amount in mine if shown_month(at, zone_name) == (month.year, month.number)]
            sums = await totals(database, of)
            assert of.opening.balance.minor == closing
            closing += sum(here)
            assert (of.closing.balance.minor, of.entries) == (closing, len(here))
            assert sums.money_in.minor == sum(amount for amount in here if amount > 0)
            assert of.opening.balance + sums.money_in - sums.money_out == of.closing.balance


@pytest.mark.parametrize("seed", range(8))
async def test_the_opening_balance_and_the_entries_sum_to_the_closing_balance(
    owner: Owner, session: Session, seed: int
) -> None:
    chance = random.Random(f"statement {seed}")
    wallet, *others = await somebody(owner, 3)
    paid = random_history(chance, wallet, others, chance.choice((1, 7, 120)))
    await post(owner, paid)
    for whose in (wallet, *others):
        mine = changes(paid, whose)
        found = await statements(session, whose, YEAR)
        for month in YEAR:
            of = found[month]
            lines = await entries.read(
                session,
                whose,
                limit=1_000,
                newer_than=of.opening.sequence,
                older_than=of.closing.sequence + 1,
                oldest_first=True,
            )
            assert sum((line.amount for line in lines), of.opening.balance) == of.closing.balance
            assert of.opening.balance.minor == sum(amount for at, amount in mine if at < month.starts)
            assert [(line.created_at, line.amount.minor) for line in lines] == [
                (at, amount) for at, amount in mine if month.starts <= at < month.ends
            ]
            assert len(lines) == of.entries


@pytest.mark.parametrize("stretch", [3, 5_000])
@pytest.mark.parametrize("seed", range(4))
async def test_totals_contain_exactly_the_entries_of_the_month(
    owner: Owner,
    database: Database,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    stretch: int,
) -> None:
    monkeypatch.setattr(statement, "ENTRIES_PER_READ", stretch)
    wallet, *others = await somebody(owner, 3)
    paid = random_history(random.Random(f"totals {seed}"), wallet, others, 120)
    await post(owner, paid)
    for month, of in (await statements(session, wallet, YEAR)).items():
        sums = await totals(database, of)
        mine = [amount for at, amount in changes(paid, wallet) if month.starts <= at < month.ends]
        fees = sum(one.fee for one in paid if one.source == wallet and month.starts <= one.at < month.ends)
        assert sums.money_in.minor == sum(amount for amount in mine if amount > 0)
        assert sums.money_out.minor == -sum(amount for amount in mine if amount < 0)
        assert sums.fees.minor == fees
        assert of.opening.balance + sums.money_in - sums.money_out == of.closing.balance


@pytest.mark.parametrize("seed", range(6))
async def test_the_balance_at_a_time_is_the_sum_of_the_entries_until_then(
    owner: Owner, session: Session, seed: int
) -> None:
    chance = random.Random(f"moment {seed}")
    wallet, *others = await somebody(owner, 3)
    paid = random_history(chance, wallet, others, chance.choice((1, 2, 3, 64, 100)))
    await post(owner, paid)
    mine = changes(paid, wallet)
    moments = {edge + n * TICK for edge in (*BOUNDARIES, *(one.at for one in paid)) for n in (-1, 0, 1)}
    moments |= {EPOCH - timedelta(days=4_000), END_OF_TIME, datetime.min.replace(tzinfo=UTC)}
    found = await points(session, wallet, [just_after(moment) for moment in moments])
    for moment in moments:
        there = [amount for at, amount in mine if at <= moment]
        assert found[just_after(moment)] == Point(len(there), Money(sum(there), "USD"))


async def test_a_wallet_without_entries_has_balance_zero_and_an_unknown_wallet_has_none(
    owner: Owner, database: Database, session: Session
) -> None:
    (wallet,) = await somebody(owner, 1)
    found = await statements(session, wallet, [Month(2026, 11)])
    assert found[Month(2026, 11)].closing == Point(0, Money(0, "USD"))
    assert await totals(database, found[Month(2026, 11)]) == statement.Totals(*[Money(0, "USD")] * 3)
    assert await statements(session, uuids.uuid7(), [Month(2026, 11)]) == {}


async def test_a_gap_in_the_chain_of_entries_raises_an_error(owner: Owner, session: Session) -> None:
    wallet, other = await somebody(owner, 2)
    await post(owner, [Paid(EPOCH, None, wallet, 5), Paid(EPOCH, None, other, 5)])
    await owner.execute("update ledger_accounts set sequence = 3, version = 3 where id = $1", wallet)
    with pytest.raises(BooksDisagree):
        await points(session, wallet, [END_OF_TIME])


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        ("2026-11", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("2024-02", datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
        ("0001-01", datetime(1, 1, 1, tzinfo=UTC), datetime(1, 2, 1, tzinfo=UTC)),
        ("9999-12", datetime(9999, 12, 1, tzinfo=UTC), END_OF_TIME),
    ],
)
def test_a_month_begins_and_ends_in_utc(text: str, starts: datetime, ends: datetime) -> None:
    month = Month.parse(text)
    assert (month.starts, month.ends, str(month)) == (starts, ends, text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026", "2026-00", "2026-13", "0000-01", "2026-1", "26-11", "2026-11-01", " 2026-11", "2026-11\n"),
        *("2026/11", "-2026-11", "２０２６-11", "2026-११", "2026-1e", "99999-01", "nov", "2026-11" * 1_000),
    ],
)
def test_a_text_that_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - with any message
        Month.parse(text)


async def test_every_valid_month_can_be_requested(owner: Owner, session: Session) -> None:
    (wallet,) = await somebody(owner, 1)
    edges = [Month.parse(text) for text in ("0001-01", "1969-12", "2999-07", "9999-12")]
    assert {of.closing.sequence for of in (await statements(session, wallet, edges)).values()} == {0}
