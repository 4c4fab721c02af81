"""Writes, reads and closes the differences between the bank's files and the books."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.database import uuids
from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Record, Session
from pocketpay.money import Money
from pocketpay.reconciliation.difference import Difference, OpenDifferences
from pocketpay.reconciliation.match import DifferenceKind, NewDifference
from pocketpay.transactions.filter import Position

_NEW = Arrays(id="uuid", line="int", kind="text", transaction_id="uuid", bank_amount="bigint", books_amount="bigint")
_ADD = f"""
insert into bank_differences (file_id, currency, opened_at, {_NEW.names})
select $1, $2, $3, u.* from {_NEW.unnest("u", numbered_from(4))}
"""
_SELECT = """
select d.id, d.kind, f.name as file_name, d.line, l.day, l.reference, d.transaction_id, d.currency, d.bank_amount,
    d.books_amount, d.opened_at, d.closed_at, a.operator as closed_by, a.reason
from bank_differences d
join bank_files f on f.id = d.file_id
left join bank_lines l on l.file_id = d.file_id and l.number = d.line
left join operator_actions a on a.id = d.act_id
"""
_BY_ID = f"{_SELECT} where d.id = $1"
_IS_OPEN = {None: "true", True: "closed_at is null", False: "closed_at is not null"}


def _page(is_open: bool | None, order: str) -> str:
    """Returns the SQL of the differences between the positions ($1, $2) and ($3, $4)."""
    return f"""{_SELECT}
    where (d.opened_at, d.id) > ($1, $2) and (d.opened_at, d.id) < ($3, $4) and d.{_IS_OPEN[is_open]}
    order by d.opened_at {order}, d.id {order} limit $5""".replace("d.true", "true")


_PAGES = {(is_open, order): _page(is_open, order) for is_open in _IS_OPEN for order in ("asc", "desc")}
_COUNT = {
    is_open: f"select count(*) from (select from bank_differences where {condition} limit $1) counted"
    for is_open, condition in _IS_OPEN.items()
}
_STILL_OPEN = """
select count(*) as count, min(opened_at) as oldest,
    coalesce(greatest(extract(epoch from clock_timestamp() - min(opened_at)), 0), 0)::float8 as oldest_seconds
from bank_differences where closed_at is null
"""
_LOCK = "select closed_at is null from bank_differences where id = $1 for update"
_CLOSE = "update bank_differences set closed_at = $2, act_id = $3 where id = $1"
_CLOSE_FOUND = """
update bank_differences set closed_at = $3, act_id = $4
where kind = 'not_in_file' and transaction_id = any($2::uuid[]) and currency = $1 and closed_at is null
"""
_CLOSE_BOOKED = """
update bank_differences d set closed_at = $2, act_id = $3
from ledger_entries e
where d.closed_at is null and d.kind = 'not_in_books' and d.currency = $1 and e.transaction_id = d.transaction_id
  and e.account_id = (select id from ledger_accounts where kind = 'bank' and currency = $1)
  and -e.amount = d.bank_amount
  and not exists (
    select from bank_lines l join bank_files f on f.id = l.file_id join bank_files own on own.id = d.file_id
    where l.transaction_id = d.transaction_id and f.currency = $1
      and (f.imported_at, f.id, l.number) < (own.imported_at, own.id, d.line))
"""
"""A line whose transaction was posted later. When several lines name one transaction, only the first line is
explained."""
_OF_FILE = "select kind, count(*) as count from bank_differences where file_id = $1 group by kind"


async def add(session: Session, file_id: UUID, currency: str, now: datetime, found: Sequence[NewDifference]) -> None:
    """Writes the differences that were found in a file."""
    await session.execute(
        _ADD,
        file_id,
        currency,
        now,
        *_NEW.arguments(
            id=[uuids.uuid7() for _ in found],
            line=[one.line for one in found],
            kind=[one.kind.value for one in found],
            transaction_id=[one.transaction_id for one in found],
            bank_amount=[one.bank_amount for one in found],
            books_amount=[one.books_amount for one in found],
        ),
    )


async def close_explained(
    session: Session, currency: str, found: Collection[UUID], now: datetime, act_id: UUID
) -> None:
    """Closes the open differences that are now explained: a missing line that this file has (`found`), and a line
    whose transaction was posted later."""
    await session.execute(_CLOSE_FOUND, currency, [*found], now, act_id)
    await session.execute(_CLOSE_BOOKED, currency, now, act_id)


async def of_file(session: Session, file_id: UUID, act_id: UUID) -> tuple[dict[DifferenceKind, int], int]:
    """Returns the number of the file's differences by kind, and the number of differences that its import (the act)
    closed."""
    rows = await session.fetch(_OF_FILE, file_id)
    closed: int = await session.fetchval("select count(*) from bank_differences where act_id = $1", act_id)
    return {DifferenceKind(row["kind"]): row["count"] for row in rows}, closed


async def lock(session: Session, id: UUID) -> bool | None:
    """Locks the difference. Returns whether it is open, or None when it does not exist."""
    found: bool | None = await session.fetchval(_LOCK, id)
    return found


async def close(session: Session, id: UUID, now: datetime, act_id: UUID) -> None:
    """Closes a difference, which must be open and locked."""
    await session.execute(_CLOSE, id, now, act_id)


async def by_id(session: Session, id: UUID) -> Difference | None:
    """Returns the difference with this id, or None."""
    row = await session.fetchrow(_BY_ID, id)
    return None if row is None else _difference(row)


async def page(
    session: Session, is_open: bool | None, *, after: Position, before: Position, limit: int, backwards: bool
) -> list[Difference]:
    """Returns the oldest `limit` differences strictly between two positions; with `backwards` the newest."""
    sql = _PAGES[is_open, "desc" if backwards else "asc"]
    return [_difference(row) for row in await session.fetch(sql, *after, *before, limit)]


async def count(session: Session, is_open: bool | None, *, maximum: int) -> int | None:
    """The number of differences; None above `maximum`."""
    counted: int = await session.fetchval(_COUNT[is_open], maximum + 1)
    return counted if counted <= maximum else None


async def still_open(session: Session) -> OpenDifferences:
    """Returns the number of open differences, and the time of the oldest."""
    row = await session.fetchrow(_STILL_OPEN)
    assert row is not None, "an aggregate has one row"  # noqa: S101 - SQL
    return OpenDifferences(**row)


def _difference(row: Record) -> Difference:
    def money(amount: int | None) -> Money | None:
        return None if amount is None else Money(amount, row["currency"])

    return Difference(
        id=row["id"],
        kind=DifferenceKind(row["kind"]),
        file_name=row["file_name"],
        line=row["line"],
        day=row["day"],
        reference=row["reference"],
        transaction_id=row["transaction_id"],
        bank_amount=money(row["bank_amount"]),
        books_amount=money(row["books_amount"]),
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        reason=row["reason"],
    )
