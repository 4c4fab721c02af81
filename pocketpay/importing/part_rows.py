"""Prepares the rows of a file for the temporary tables. Checks that ids are UUIDs and that amounts can be summed."""

import re
from uuid import UUID

from pocketpay.importing.finding import Finding, Severity, shown
from pocketpay.importing.row import ExportUnreadable, Row, Table, UnreadableRow

_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_AMOUNT = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)

_WHOSE = {Table.USERS: "id", Table.PROFILES: "id", Table.WALLETS: "user_id"}


def staged(part: int, name: str, row: Row | UnreadableRow) -> tuple[object, ...] | Finding:
    """Returns the record for the temporary table, or a finding when the row cannot be used.

    Raises ExportUnreadable for an unreadable row of wallets or entries, because it is then unknown whose balance is
    wrong.
    """
    if isinstance(row, UnreadableRow):
        if row.table in (Table.WALLETS, Table.ENTRIES):
            raise ExportUnreadable(f"{name}:{row.line}: {row.table.value}: the row {row.problem}: fix it first.")
        return Finding(part, row.line, Severity.WRONG, "", f"the line {row.problem}")
    if row.table is Table.ENTRIES:
        return _entry(part, name, row)
    raw = row.fields[0] or ""
    if _ID.fullmatch(raw.strip()) is None:
        return Finding(part, row.line, Severity.WRONG, _WHOSE[row.table], "is not a UUID", shown=shown(raw))
    return (part, row.line, UUID(raw.strip()), *row.fields[1:])


def _entry(part: int, name: str, row: Row) -> tuple[object, ...]:
    wallet, amount, currency = row.fields
    if wallet is None or amount is None or _AMOUNT.fullmatch(amount.strip()) is None:
        raise ExportUnreadable(
            f"{name}:{row.line}: {row.table.value}: amount {shown(amount or '')} of wallet {shown(wallet or '')} "
            "cannot be summed: fix it first."
        )
    return part, row.line, wallet, amount.strip(), currency
