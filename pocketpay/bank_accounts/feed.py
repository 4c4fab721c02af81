"""The live changes of a wallet's bank accounts."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.repository import accounts
from pocketpay.database.sessions import Database
from pocketpay.updates.changes import PAGE, Changes, Place, Sides
from pocketpay.updates.hub import Hub
from pocketpay.updates.signals import Signal


def bank_account_changes(database: Database, hub: Hub) -> Changes[BankAccount]:
    """Returns the live changes of bank accounts, for their owner."""

    async def read(ids: Sequence[UUID]) -> Mapping[UUID, BankAccount]:
        return await database.query(accounts.by_ids, ids)

    async def read_since(wanted: Sequence[tuple[UUID, Place]]) -> Sequence[Sequence[BankAccount]]:
        return await database.query(accounts.since, wanted, limit=PAGE)

    return Changes[BankAccount](
        "bank_accounts",
        concerns=_sides,
        read=read,
        read_since=read_since,
        count_since=accounts.count_since,
        since=hub.since,
    )


def _sides(signal: Signal) -> Iterable[tuple[UUID, Sides]]:
    return ((id, (changed.wallet_id, None)) for id, changed in signal.bank_accounts.items())
