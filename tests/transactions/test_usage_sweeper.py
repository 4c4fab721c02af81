"""Hours of usage are deleted when no limit reads them, and payments go on as before."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from pocketpay.database.sweeping import Sweeper, take_turn
from pocketpay.payments.desk import Desk
from pocketpay.transactions import sweeper
from pocketpay.transactions.sweeper import sweep
from tests.conftest import Dsns
from tests.payments.customers import Person, Records, known_pair, money, people, refund_payment, send

HOURS = """
insert into wallet_usage
select $1, kind, date_trunc('hour', clock_timestamp(), 'UTC') - n * interval '1 hour', 1
from generate_series(25, 192) n cross join unnest(array['deposit', 'transfer']) kind
where n <> 168
"""
OLDER = """
update transactions set created_at = created_at - $1::interval, updated_at = updated_at - $1::interval,
    completed_at = completed_at - $1::interval
"""
OLDER_USAGE = "update wallet_usage set hour = hour - $1::interval"
DAYS = timedelta(days=8)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A database for each test, because the tests count all rows and change all times."""
    return database_dsn


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "PAUSE_SECONDS", 0)


async def _paid_long_ago(desk: Desk, records: Records) -> tuple[Person, Person, UUID]:
    """Ada has made a deposit and paid Bob 4.01, all of it eight days ago: two hours of usage."""
    ada, bob = await known_pair(desk, funds="10.00")
    paid = (await send(desk, ada, bob, "4.00")).transaction
    for statement in (OLDER, OLDER_USAGE):
        await records.connection.execute(statement, DAYS)
    return ada, bob, paid.id


async def _hours(records: Records, wallet_id: UUID) -> int:
    number: int = await records.connection.fetchval(
        "select count(*) from wallet_usage where wallet_id = $1 and kind <> 'withdrawal'", wallet_id
    )
    return number


async def test_only_hours_older_than_a_week_are_deleted_a_few_at_a_time(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    for one in (ada, bob):
        await records.connection.execute(HOURS, one.wallet_id)
    try:
        assert await sweep(desk.database, wallets=1, rows=7) == 2 * 2 * 24
        assert await _hours(records, ada.wallet_id) == await _hours(records, bob.wallet_id) == 2 * 143
        assert await sweep(desk.database) == 0
    finally:
        await records.connection.execute("delete from wallet_usage")


async def test_a_payment_whose_hour_was_deleted_can_be_refunded(desk: Desk, records: Records) -> None:
    ada, bob, paid = await _paid_long_ago(desk, records)
    assert await sweep(desk.database) == 2
    await refund_payment(desk, bob, paid, "1.00")
    await refund_payment(desk, bob, paid)
    assert await money(desk, ada) == (999, 0)
    assert await records.connection.fetchval("select count(*) from wallet_usage where kind = 'transfer'") == 0


async def test_an_old_hour_that_still_exists_is_reduced_by_a_refund(desk: Desk, records: Records) -> None:
    _, bob, paid = await _paid_long_ago(desk, records)
    await refund_payment(desk, bob, paid, "1.00")
    assert await records.connection.fetchval("select amount from wallet_usage where kind = 'transfer'") == 301


async def test_the_amount_of_an_hour_within_the_window_never_becomes_negative(desk: Desk, records: Records) -> None:
    ada = (await people(desk, 1))[0]
    statement = (
        "insert into wallet_usage values ($1, 'transfer', date_trunc('hour', now(), 'UTC') - $2::interval, -1)"
    )
    for days in (0, 1, 5):
        with pytest.raises(asyncpg.CheckViolationError, match="amount_not_negative"):
            await records.connection.execute(statement, ada.wallet_id, timedelta(days=days))
    assert await records.connection.execute(statement, ada.wallet_id, timedelta(days=7)) == "INSERT 0 0"


async def test_an_hour_that_a_payment_has_locked_is_left_for_later(desk: Desk, records: Records) -> None:
    await _paid_long_ago(desk, records)
    async with records.connection.transaction():
        await records.connection.execute("select from wallet_usage for update")
        assert await sweep(desk.database) == 0
    assert await sweep(desk.database) == 2


async def test_one_server_sweeps_at_a_time(desk: Desk, records: Records) -> None:
    await _paid_long_ago(desk, records)
    async with desk.database.write() as session:
        assert await take_turn(session, Sweeper.USAGE)
        other = await asyncpg.connect(desk.database.dsn)
        assert not await other.fetchval("select pg_try_advisory_xact_lock($1)", Sweeper.USAGE.value)
        await other.close()
    async with records.connection.transaction():
        await records.connection.execute("select pg_advisory_xact_lock($1)", Sweeper.USAGE.value)
        assert await sweep(desk.database) == 0
    assert await sweep(desk.database) == 2
