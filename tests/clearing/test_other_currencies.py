"""Two servers with different settings on one database: both handle a currency that only one of them offers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.clearing.queue import Clearing
from pocketpay.database.sessions import Database
from pocketpay.ledger.repository import postings
from pocketpay.operations.risk_settings import set_risk_setting
from pocketpay.operator_log.act import Operator
from pocketpay.payments.desk import Desk
from pocketpay.payments.resolve import Resolver
from pocketpay.transactions.errors import InvalidInput
from tests.conftest import Dsns
from tests.payments.customers import money, pay_in, people, person, records_of, refund_payment, send, terms
from tests.people import made

DOLLARS = {"currencies": "USD", "large_transfer_threshold": "500.00"}
BOTH = {"currencies": "USD,EUR", "large_transfer_threshold": "USD:500.00,EUR:500.00"}
OFF = {"new_recipient_action": "off", "large_transfer_action": "off"}


@asynccontextmanager
async def server(dsn: str, **settings: str) -> AsyncIterator[Desk]:
    """Opens the desk of a server with those settings."""
    database = await Database.open(dsn, readers=2, writers=1)
    async with database.write() as session:
        house = await postings.ensure_house_accounts(session, settings["currencies"].split(","))
    clearing = Clearing(database, terms(**settings, **OFF), house)
    await clearing.start()
    try:
        yield Desk(database, clearing, Resolver(database), SimulatedBank())
    finally:
        await clearing.close()
        await database.close()


@pytest.fixture
async def older_and_newer(database_dsn: Dsns) -> AsyncIterator[tuple[Desk, Desk]]:
    """Two servers; the older one started before any server offered euros."""
    async with AsyncExitStack() as stack:
        older = await stack.enter_async_context(server(database_dsn.server, **DOLLARS))
        yield older, await stack.enter_async_context(server(database_dsn.server, **BOTH))


async def test_an_older_server_handles_wallets_in_a_currency_it_does_not_offer(
    older_and_newer: tuple[Desk, Desk], database_dsn: Dsns
) -> None:
    older, newer = older_and_newer
    ada, bea = [await person(newer, currency="EUR") for _ in range(2)]
    await pay_in(older, ada, "10.00")
    sent = await send(older, ada, bea, "4.00")
    await refund_payment(older, bea, sent.transaction.id, "1.00")
    assert (await money(newer, ada), await money(newer, bea)) == ((700, 0), (300, 0))
    async with records_of(database_dsn.server, database_dsn.owner) as records:
        assert await records.findings() == []


async def test_orders_of_both_currencies_in_one_unit_are_all_executed(older_and_newer: tuple[Desk, Desk]) -> None:
    older, newer = older_and_newer
    dollars = await people(older, 3)
    euros = [await person(newer, currency="EUR") for _ in range(3)]
    await asyncio.gather(*(pay_in(older, one, "5.00") for one in (*dollars, *euros)))
    assert [await money(newer, one) for one in (*dollars, *euros)] == [(500, 0)] * 6


@pytest.mark.parametrize("value", ["USD:20.00", "USD:20.00,JPY:100"])
async def test_a_risk_setting_that_is_invalid_for_another_server_is_refused(
    older_and_newer: tuple[Desk, Desk], value: str
) -> None:
    older, _ = older_and_newer
    with pytest.raises(InvalidInput, match="EUR"):
        await _set_threshold(older, value)
    await _set_threshold(older, "USD:20.00,EUR:30.00")
    await _set_threshold(older, "25.00")


async def _set_threshold(desk: Desk, value: str) -> None:
    await set_risk_setting(
        desk.database,
        made(**DOLLARS, welcome_bonus="0"),
        Operator(None, "ops"),
        name="large_transfer_threshold",
        raw_value=value,
        raw_reason="A wave of fraud",
    )
