"""Helpers for tests of the clearing: instructions, their results, and locks of another session."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta

import uuid_utils.compat as uuids

from pocketpay.clearing.footprint import Key, ResultKind
from pocketpay.clearing.outcome import Answer
from pocketpay.database.sessions import connect
from pocketpay.money import Money
from pocketpay.payments.create_requests import CreateRequests, Share
from pocketpay.payments.desk import Desk
from pocketpay.payments.transfer import Transfer
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import (
    Person,
    Records,
    new_key,
)

Told = Answer | BaseException

YEAR = timedelta(days=365)


@asynccontextmanager
async def held_elsewhere(desk: Desk, *whose: Person) -> AsyncIterator[None]:
    """Locks those wallets' accounts in another session during the block."""
    other = await connect(desk.database.dsn)
    try:
        await other.execute("begin")
        await other.execute(
            "select from ledger_accounts where id = any($1::uuid[]) for no key update",
            [one.wallet_id for one in whose],
        )
        yield
    finally:
        await other.close()


async def set_ahead(records: Records, by: timedelta, *whose: Person) -> None:
    """Sets `updated_at` of those accounts ahead, as a database with a wrong clock would."""
    await records.connection.execute(
        "update ledger_accounts set updated_at = clock_timestamp() + $2::interval where id = any($1::uuid[])",
        [one.wallet_id for one in whose],
        by,
    )


@asynccontextmanager
async def ahead(records: Records, by: timedelta, *whose: Person) -> AsyncIterator[None]:
    """Sets those accounts ahead of the clock by that much during the block."""
    await set_ahead(records, by, *whose)
    try:
        yield
    finally:
        await set_ahead(records, timedelta(0), *whose)


async def all_told(*orders: Awaitable[Answer]) -> list[Told]:
    return await asyncio.gather(*orders, return_exceptions=True)


def answers(told: list[Told]) -> list[Answer]:
    return [one for one in told if isinstance(one, Answer)]


async def taken_up(desk: Desk) -> None:
    """Waits until all queued orders are taken into a unit of work."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while desk.clearing.waiting:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.002)


def transfer_of(sender: Person, to: Person, minor: int = 1, *, description: str = "Lunch") -> Transfer:
    """A transfer instruction, built without parsing."""
    key = Key(sender.wallet_id, new_key(), "transfer", bytes(32))
    return Transfer(uuids.uuid7(), sender.wallet_id, to.wallet_id, Money(minor, "USD"), description, key)


def ask_of(asker: Person, *of: Person, minor: int = 100, key: str | None = None) -> CreateRequests:
    """An instruction that requests money from each of them, built without parsing."""
    shares = tuple(Share(uuids.uuid7(), one.username, one.wallet_id, Money(minor, "USD")) for one in of)
    kept = Key(asker.wallet_id, key or new_key(), "splitBill", bytes(32), ResultKind.REQUESTS)
    return CreateRequests(asker.wallet_id, shares, "Lunch", kept, field="among")
