"""All SQL of the books that a unit of work needs. Only the ledger and the clearing may use it."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.database.arrays import Arrays
from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.account import MOST_AHEAD_SECONDS, Account, Entry
from pocketpay.ledger.house import House, HouseKind

_ACCOUNTS = f"""
select id, currency, posted, held, sequence, version, updated_at,
    updated_at > clock_timestamp() + interval '{MOST_AHEAD_SECONDS} seconds' as ahead
from ledger_accounts where id = any($1::uuid[]) and kind = 'wallet' order by id
"""
"""The fields of Account, in their order."""
_LOCK = _ACCOUNTS + " for no key update"

_HELD = """
with free as materialized (
    select id from ledger_accounts where id = any($1::uuid[]) and kind = 'wallet' for no key update skip locked)
select id from ledger_accounts a
where id = any($1::uuid[]) and kind = 'wallet' and not exists (select from free where free.id = a.id)
"""

_ENTRIES = Arrays(
    id="uuid",
    account_id="uuid",
    transaction_id="uuid",
    amount="bigint",
    currency="text",
    kind="text",
    sequence="bigint",
    balance_after="bigint",
    description="text",
)
_TOUCHED = Arrays(id="uuid", posted="bigint", held="bigint", sequence="bigint", version="bigint")


def posting(numbers: Iterator[int]) -> str:
    """The books' part of a unit's one write: $1 is the time, the next numbers are its entries and accounts."""
    return f"""
written_entries as (
    insert into ledger_entries ({_ENTRIES.names}, created_at)
    select e.*, $1 from {_ENTRIES.unnest("e", numbers)}),
written_accounts as (
    update ledger_accounts a
    set posted = u.posted, held = u.held, sequence = u.sequence, version = u.version, updated_at = $1
    from {_TOUCHED.unnest("u", numbers)}
    where a.id = u.id)
"""


def posting_arguments(entries: Sequence[Entry], touched: Sequence[Account]) -> tuple[Sequence[object], ...]:
    """The arguments of `posting`, after the time."""
    new = _ENTRIES.arguments(
        id=[e.id for e in entries],
        account_id=[e.account_id for e in entries],
        transaction_id=[e.transaction_id for e in entries],
        amount=[e.amount for e in entries],
        currency=[e.currency for e in entries],
        kind=[e.kind for e in entries],
        sequence=[e.sequence for e in entries],
        balance_after=[e.balance_after for e in entries],
        description=[e.description for e in entries],
    )
    changed = _TOUCHED.arguments(
        id=[a.id for a in touched],
        posted=[a.posted for a in touched],
        held=[a.held for a in touched],
        sequence=[a.sequence for a in touched],
        version=[a.version for a in touched],
    )
    return new + changed


async def lock(session: Session, ids: Iterable[UUID]) -> list[Account]:
    """Locks wallets' accounts in id order and gives them. FOR NO KEY UPDATE leaves others' foreign keys alone."""
    return [Account(*row) for row in await session.fetch(_LOCK, sorted(ids))]


async def held(session: Session, ids: Iterable[UUID]) -> set[UUID]:
    """Which of those wallets' accounts another session has locked now. Waits for no row."""
    return {row["id"] for row in await session.fetch(_HELD, list(ids))}


async def accounts(session: Session, ids: Iterable[UUID]) -> list[Account]:
    """The same without a lock, for a look that changes nothing."""
    return [Account(*row) for row in await session.fetch(_ACCOUNTS, list(ids))]


async def open_house(session: Session, currencies: Iterable[str]) -> House:
    """The house accounts, those that are missing for a currency served made first."""
    wanted = [(kind.value, currency) for currency in currencies for kind in HouseKind]
    await session.execute(
        "insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at) "
        "select u.id, u.kind, u.currency, 0, 0, 0, 0, clock_timestamp() "
        "from unnest($1::uuid[], $2::text[], $3::text[]) u(id, kind, currency) on conflict do nothing",
        [uuids.uuid7() for _ in wanted],
        [kind for kind, _ in wanted],
        [currency for _, currency in wanted],
    )
    return await house(session)


async def house(session: Session) -> House:
    """The house accounts in every currency that any server has served."""
    rows: list[Record] = await session.fetch("select id, kind, currency from ledger_accounts where kind <> 'wallet'")
    return House.of([tuple(row) for row in rows])
