"""The books of a database in these tests: payments, their checksum, and the audit."""

import asyncio
from decimal import Decimal

import asyncpg

from pocketpay.database import migrations
from pocketpay.operations import audit
from pocketpay.payments.deposit import deposit
from tests.conftest import Dsns
from tests.operations.town import open_desk, trade

CHECKSUM = """
select md5(string_agg(line, chr(10) order by line)) from (
    select users::text from users
    union all select transactions::text from transactions
    union all select ledger_entries::text from ledger_entries
    union all select ledger_accounts::text from ledger_accounts
    union all select operator_actions::text from operator_actions) as lines (line)
"""


def open_books(dsns: Dsns) -> None:
    """Migrates the database, and makes payments of every kind."""
    asyncio.run(migrations.upgrade(dsns.owner, dsns.server))
    asyncio.run(trade(dsns))


def deposit_for_alice(dsns: Dsns, amount: str) -> None:
    """Makes one more payment."""
    asyncio.run(_deposit(dsns, amount))


async def _deposit(dsns: Dsns, amount: str) -> None:
    owner = await asyncpg.connect(dsns.owner)
    wallet = await owner.fetchval("select wallet_id from users where username = 'alice'")
    await owner.close()
    async with open_desk(dsns.server) as desk:
        await deposit(desk, wallet, raw_amount=amount, raw_bank_name="First Bank", raw_key=f"a-key-of-{amount}")


def checksum(dsns: Dsns) -> object:
    return asyncio.run(_ask(dsns, CHECKSUM))


def deposits(dsns: Dsns, amount: str) -> object:
    """The number of deposits of that amount."""
    minor = int(Decimal(amount) * 100)
    return asyncio.run(_ask(dsns, f"select count(*) from transactions where type = 'deposit' and amount = {minor}"))


async def _ask(dsns: Dsns, statement: str) -> object:
    connection = await asyncpg.connect(dsns.owner)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def findings(dsns: Dsns) -> list[str]:
    async def all_of() -> list[str]:
        return [f"{finding.id}: {finding.problem}" async for finding in audit.findings(dsns.server)]

    return asyncio.run(all_of())
