"""A wallet's bank accounts, newest first. Removed ones are found by id only."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.repository import accounts, orders
from pocketpay.database.sessions import Session

MAX_COUNT = 1_000
"""Accounts are counted up to this number: a wallet has a few, and failed ones stay until they are removed."""

Place = tuple[datetime, UUID]

BEGINNING: Place = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
END: Place = (datetime(9999, 12, 31, tzinfo=UTC), UUID(int=0))
"""Places before the oldest and after the newest account."""


async def read(
    session: Session,
    wallet_id: UUID,
    *,
    limit: int,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    backwards: bool = False,
) -> list[BankAccount]:
    """Returns up to `limit` of the wallet's accounts between two places, both exclusive; newest first, or if
    `backwards`, oldest first."""
    return await accounts.page(
        session,
        wallet_id,
        older_than=older_than or END,
        newer_than=newer_than or BEGINNING,
        limit=limit,
        backwards=backwards,
    )


async def count(session: Session, wallet_id: UUID) -> int | None:
    """Returns the number of the wallet's accounts, or None if there are more than MAX_COUNT."""
    return await accounts.count(session, wallet_id, older_than=END, newer_than=BEGINNING, limit=MAX_COUNT)


async def find(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Returns the bank accounts with those ids that belong to the wallet, by id, including removed ones."""
    return await accounts.own(session, wallet_id, ids)


async def of_transactions(
    session: Session, wallet_id: UUID, transaction_ids: Iterable[UUID]
) -> dict[UUID, BankAccount]:
    """Returns the bank account of each of the wallet's orders, by transaction id."""
    found = await orders.accounts_of(session, transaction_ids)
    return {id: account for id, account in found.items() if account.wallet_id == wallet_id}


def place(account: BankAccount) -> Place:
    """Returns the account's place in the list: its creation time and id."""
    return account.created_at, account.id
