"""Writes the files of banks and their lines, and reads the books that they are compared with."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Session
from pocketpay.reconciliation.bank_file import BankFile
from pocketpay.reconciliation.match import DifferenceKind, NewDifference

LOCK = "select pg_advisory_xact_lock(7064738212003)"
"""The lock for one import at a time. The number is arbitrary, but used for nothing else."""

_ADD = """
insert into bank_files
    (id, digest, name, currency, first_day, last_day, lines, total, act_id, imported_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_LINES = Arrays(number="int", day="date", amount="bigint", reference="text", transaction_id="uuid")
_ADD_LINES = f"""
insert into bank_lines (file_id, {_LINES.names}) select $1, u.* from {_LINES.unnest("u", numbered_from(2))}
"""
BANK_ACCOUNT = "(select id from ledger_accounts where kind = 'bank' and currency = $1)"

_BOOKED = f"""
select transaction_id, -amount as amount from ledger_entries
where transaction_id = any($2::uuid[]) and account_id = {BANK_ACCOUNT}
"""
_EARLIER = """
select distinct l.transaction_id from bank_lines l join bank_files f on f.id = l.file_id
where l.transaction_id = any($2::uuid[]) and f.currency = $1 and f.id <> $3
"""
_NOT_IN_FILE = f"""
select e.transaction_id, -e.amount as amount from ledger_entries e join bank_files f on f.id = $2
where e.account_id = {BANK_ACCOUNT} and e.kind = 'bank'
  and e.created_at >= f.first_day::timestamp at time zone 'UTC'
  and e.created_at < (f.last_day + 1)::timestamp at time zone 'UTC'
  and not exists (
    select from bank_lines l join bank_files other on other.id = l.file_id
    where l.transaction_id = e.transaction_id and other.currency = f.currency)
  and not exists (
    select from bank_differences d where d.kind = 'not_in_file' and d.transaction_id = e.transaction_id)
  and not exists (select from imported_users i where i.opening_id = e.transaction_id)
order by e.created_at, e.transaction_id limit $3
"""
"""Opening balances of imported people are older than the files, so no file has them."""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file that was imported before."""

    id: UUID
    imported_at: datetime


async def lock(session: Session) -> datetime:
    """Waits for the unit of work of another import, and returns the database's time."""
    await session.fetchval(LOCK)
    return await database_time(session)


async def database_time(session: Session) -> datetime:
    """Returns the database's time."""
    now: datetime = await session.fetchval("select clock_timestamp()")
    return now


async def by_digest(session: Session, digest: bytes) -> ImportedFile | None:
    """Returns the file with this content, or None."""
    row = await session.fetchrow("select id, imported_at from bank_files where digest = $1", digest)
    return None if row is None else ImportedFile(**row)


async def has_bank_account(session: Session, currency: str) -> bool:
    """Whether the house has a bank account in the currency."""
    found: bool = await session.fetchval(f"select {BANK_ACCOUNT} is not null", currency)
    return found


async def add(
    session: Session, id: UUID, file: BankFile, *, digest: bytes, name: str, act_id: UUID, now: datetime
) -> None:
    """Writes the file and its lines."""
    period = file.first_day, file.last_day
    await session.execute(
        _ADD, id, digest, name, file.currency, *period, len(file.lines), file.total.minor, act_id, now
    )
    await session.execute(
        _ADD_LINES,
        id,
        *_LINES.arguments(
            number=[line.number for line in file.lines],
            day=[line.day for line in file.lines],
            amount=[line.amount.minor for line in file.lines],
            reference=[line.reference for line in file.lines],
            transaction_id=[line.transaction_id for line in file.lines],
        ),
    )


async def booked(session: Session, currency: str, transaction_ids: Collection[UUID]) -> dict[UUID, int]:
    """Returns the amount of the bank account's entry, by transaction, for the transactions that have such an
    entry."""
    rows = await session.fetch(_BOOKED, currency, [*transaction_ids])
    return {row["transaction_id"]: row["amount"] for row in rows}


async def earlier(session: Session, currency: str, transaction_ids: Collection[UUID], file_id: UUID) -> set[UUID]:
    """Returns the given transactions that another file of the currency names."""
    return {row["transaction_id"] for row in await session.fetch(_EARLIER, currency, [*transaction_ids], file_id)}


async def not_in_file(session: Session, currency: str, file_id: UUID, limit: int) -> list[NewDifference]:
    """Returns the entries of the bank account on the file's days that neither a file nor a difference names yet."""
    rows = await session.fetch(_NOT_IN_FILE, currency, file_id, limit)
    kind = DifferenceKind.NOT_IN_FILE
    return [NewDifference(kind, None, row["transaction_id"], None, row["amount"]) for row in rows]
