"""The SQL of the books for units of work. Only the ledger and the clearing may import it."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from pocketpay.database import uuids
from pocketpay.database.composites import Composite
from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.account import MAX_AHEAD_SECONDS, Account, Entry
from pocketpay.ledger.house import HouseAccounts, HouseKind

PREPARE_LOCK = """
prepare clearing_lock (uuid[]) as
select count(*) from (
    select from ledger_accounts where id = any($1) and kind = 'wallet' order by id for no key update) locked
"""
"""Prepares the statement of `begin_and_lock`. Each connection of the clearing executes it once, when it is opened.
It locks in id order, so that opposite transfers do not deadlock. FOR NO KEY UPDATE does not block the foreign key
checks of other sessions."""

_FIELDS = ("id", "currency", "posted", "held", "sequence", "version", "updated_at", "ahead")
"""The fields of Account, in their order."""

ACCOUNTS_AS_ARRAYS = ", ".join(f"array_agg({name}) as account_{name}" for name in _FIELDS)
"""Selects all rows of `current_accounts` as one row: an array for each field. The driver reads arrays of plain values
much faster than an array of rows."""

_LOCKED = """
with free as materialized (
    select id from ledger_accounts where id = any($1::uuid[]) and kind = 'wallet' for no key update skip locked)
select id from ledger_accounts a
where id = any($1::uuid[]) and kind = 'wallet' and not exists (select from free where free.id = a.id)
"""

ENTRIES = Composite[Entry](
    "written_entry",
    lambda e: (
        e.id,
        e.account_id,
        e.transaction_id,
        e.amount,
        e.currency,
        e.kind,
        e.sequence,
        e.balance_after,
        e.description,
    ),
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
ACCOUNTS = Composite[Account](
    "written_account",
    lambda a: (a.id, a.posted, a.held, a.sequence, a.version),
    id="uuid",
    posted="bigint",
    held="bigint",
    sequence="bigint",
    version="bigint",
)


def posting(numbers: Iterator[int]) -> str:
    """Returns the SQL that writes entries and accounts, as part of a unit's write. $1 is the time; the arguments with
    the next numbers are the entries and the accounts."""
    return f"""
written_entries as (
    insert into ledger_entries ({ENTRIES.names}, created_at)
    select e.*, $1 from {ENTRIES.unnest("e", numbers)}),
written_accounts as (
    update ledger_accounts a
    set posted = u.posted, held = u.held, sequence = u.sequence, version = u.version, updated_at = $1
    from {ACCOUNTS.unnest("u", numbers)}
    where a.id = u.id)
"""


def posting_arguments(entries: Sequence[Entry], touched: Sequence[Account]) -> tuple[Sequence[object], ...]:
    """Returns the arguments of `posting` after the time."""
    return ENTRIES.rows(entries), ACCOUNTS.rows(touched)


def current_accounts(ids: str) -> str:
    """Returns the SQL that selects the fields of the wallets' accounts. `ids` is the SQL of an array of their ids."""
    return f"""
select id, currency, posted, held, sequence, version, updated_at,
    updated_at > clock_timestamp() + interval '{MAX_AHEAD_SECONDS} seconds' as ahead
from ledger_accounts where id = any({ids}) and kind = 'wallet'"""


def accounts_of(row: Record) -> list[Account]:
    """Returns the accounts in a row with ACCOUNTS_AS_ARRAYS. The arrays are null when there is no account."""
    if row["account_id"] is None:
        return []
    columns = (row[f"account_{name}"] for name in _FIELDS)
    return [Account(*fields) for fields in zip(*columns, strict=True)]


async def begin_and_lock(session: Session, ids: Iterable[UUID]) -> None:
    """Begins a unit of work and locks the wallets' accounts, in one round trip (decision 58).

    Returns nothing about the accounts: what is read must be read by a later statement, which sees what the locks
    protect. Raises the error of a lock timeout; then the unit must be rolled back.
    """
    await session.execute(f"begin; execute clearing_lock('{_array(ids)}')")


def _array(ids: Iterable[UUID]) -> str:
    """Returns the text of an array with the ids.

    A call with two statements cannot have arguments, so the ids are part of the SQL text. Only the
    hexadecimal digits of a UUID get into the text: a str has no `hex`.
    """
    return "{" + ",".join([id.hex for id in ids]) + "}"


async def locked_elsewhere(session: Session, ids: Iterable[UUID]) -> set[UUID]:
    """Returns the accounts that another session has locked now. Does not wait for a lock."""
    return {row["id"] for row in await session.fetch(_LOCKED, list(ids))}


async def ensure_house_accounts(session: Session, currencies: Iterable[str]) -> HouseAccounts:
    """Creates the missing house accounts of the served currencies, and returns all house accounts."""
    wanted = [(kind.value, currency) for currency in currencies for kind in HouseKind]
    await session.execute(
        "insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at) "
        "select u.id, u.kind, u.currency, 0, 0, 0, 0, clock_timestamp() "
        "from unnest($1::uuid[], $2::text[], $3::text[]) u(id, kind, currency) on conflict do nothing",
        [uuids.uuid7() for _ in wanted],
        [kind for kind, _ in wanted],
        [currency for _, currency in wanted],
    )
    return await house_accounts(session)


async def house_accounts(session: Session) -> HouseAccounts:
    """Returns the house accounts in every currency that any server has served."""
    rows: list[Record] = await session.fetch("select id, kind, currency from ledger_accounts where kind <> 'wallet'")
    return HouseAccounts.of([tuple(row) for row in rows])
