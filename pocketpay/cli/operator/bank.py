"""`pocketpay operator reconcile`, `differences`, `close-difference`: the files of banks, compared with the books."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketpay.cli import output
from pocketpay.cli.commands import Commands
from pocketpay.cli.operator.console import Console, Reason, login, with_console
from pocketpay.cli.output import Result
from pocketpay.cli.tables import Limit

if TYPE_CHECKING:
    from pocketpay.operations.reconcile_bank_file import Reconciled
    from pocketpay.reconciliation.difference import Difference

bank = Commands()

DAY = ["%Y-%m-%d"]


class Which(StrEnum):
    """The differences to list."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


@bank.command("reconcile")
def reconcile_verb(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The bank's file: CSV or camt.053.")
    ],
    first_day: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="The first day that the file covers, in UTC.")
    ] = None,
    last_day: Annotated[
        datetime | None, typer.Option("--to", formats=DAY, help="The last day that the file covers, in UTC.")
    ] = None,
) -> Result:
    """Compares a bank's file with the books. Records the differences. No money moves."""
    from pocketpay.api.operations.customer_query import transaction_uuid
    from pocketpay.operations.reconcile_bank_file import reconcile_bank_file
    from pocketpay.reconciliation.bank_file import MAX_BYTES

    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)

    async def reconcile(console: Console) -> "Reconciled":
        return await reconcile_bank_file(
            console.database,
            login(),
            data,
            name=file.name,
            public_id=transaction_uuid,
            first_day=None if first_day is None else first_day.date(),
            last_day=None if last_day is None else last_day.date(),
        )

    return _shown(file.name, with_console(reconcile))


def _shown(name: str, done: "Reconciled") -> Result:
    from pocketpay.reconciliation.match import DifferenceKind

    opened = {kind.value: done.opened.get(kind, 0) for kind in DifferenceKind}
    facts: dict[str, object] = {
        "file": name,
        "lines": len(done.file.lines),
        "currency": done.file.currency,
        "total": str(done.file.total),
        "first_day": str(done.file.first_day),
        "last_day": str(done.file.last_day),
        "imported_earlier_at": done.earlier,
        "matched": done.matched,
        "opened": opened,
        "closed": done.closed,
    }
    if done.earlier is not None:
        return Result(facts, [f"{name} was imported at {done.earlier:%Y-%m-%d %H:%M:%S}Z. Nothing has changed."])
    lines = [
        f"{name}: {done.file.total} {done.file.currency}, {done.file.first_day} to {done.file.last_day}.",
        f"Lines that agree with the books: {done.matched} of {len(done.file.lines)}.",
        *(f"New differences, {kind}: {count}." for kind, count in opened.items() if count),
    ]
    if done.closed:
        lines.append(f"Earlier differences that are explained now, and closed: {done.closed}.")
    return Result(facts, lines)


@bank.command("differences")
def differences_verb(
    which: Annotated[Which, typer.Option("--show", help="Which differences to list.")] = Which.OPEN,
    limit: Limit = 50,
) -> Result:
    """Lists differences between bank files and the books. The oldest is first."""
    from pocketpay.api import ids
    from pocketpay.reconciliation import listing

    is_open = {Which.OPEN: True, Which.CLOSED: False, Which.ALL: None}[which]

    def row(one: "Difference") -> list[object]:
        money = one.bank_amount or one.books_amount
        return [
            ids.encode(ids.BANK_DIFFERENCE, one.id),
            one.opened_at,
            one.kind.value,
            one.file_name,
            one.line,
            None if one.day is None else str(one.day),
            None if one.bank_amount is None else str(one.bank_amount),
            None if one.books_amount is None else str(one.books_amount),
            None if money is None else money.currency,
            None if one.transaction_id is None else ids.encode(ids.TRANSACTION, one.transaction_id),
            one.reference,
            one.closed_at,
            one.closed_by,
            one.reason,
        ]

    async def read_rows(console: Console) -> list[list[object]]:
        return [row(one) for one in await console.database.query(listing.read, is_open, limit=limit)]

    columns = {
        "id": "ID",
        "opened_at": "OPEN SINCE",
        "kind": "DIFFERENCE",
        "file": "FILE",
        "line": "LINE",
        "day": "DAY",
        "bank_amount": "BANK",
        "books_amount": "BOOKS",
        "currency": "CURRENCY",
        "transaction_id": "TRANSACTION",
        "reference": "REFERENCE",
        "closed_at": "CLOSED",
        "closed_by": "BY",
        "reason": "WHY",
    }
    return output.table(columns, with_console(read_rows))


@bank.command("close-difference")
def close_difference_verb(
    difference: Annotated[str, typer.Argument(metavar="DIFFERENCE", help="The id of the difference.")],
    reason: Reason,
) -> Result:
    """Closes a difference between a bank's file and the books. No money moves."""
    from pocketpay.api import ids
    from pocketpay.operations.close_bank_difference import close_bank_difference

    async def close(console: Console) -> "tuple[Difference, bool]":
        id = ids.require(ids.BANK_DIFFERENCE, difference)
        return await close_bank_difference(console.database, login(), id, raw_reason=reason)

    closed, changed = with_console(close)
    facts = {"id": difference, "closed_at": closed.closed_at, "reason": closed.reason, "changed": changed}
    if changed:
        return Result(facts, [f"{difference} is closed."])
    return Result(facts, [f"{difference} is already closed by {closed.closed_by}: {closed.reason}"])
