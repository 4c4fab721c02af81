"""Rows of an export: the tables and columns of Supabase that are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pocketpay.errors import PocketPayError

Fields = tuple[str | None, ...]
"""The values of a row in the order of COLUMNS, None for NULL and for a missing column."""


class Table(StrEnum):
    """The tables that are read. The value is the name in messages."""

    USERS = "auth.users"
    PROFILES = "public.profiles"
    WALLETS = "public.wallets"
    ENTRIES = "public.ledger_entries"


COLUMNS: dict[Table, dict[str, tuple[str, ...]]] = {
    Table.USERS: {
        "id": ("id",),
        "email": ("email",),
        "phone": ("phone",),
        "encrypted_password": ("encrypted_password",),
        "username": ("username",),
        "name": ("name", "full_name", "display_name"),
        "avatar_url": ("avatar_url",),
        "currency": ("currency",),
        "balance": ("balance",),
        "balance_cents": ("balance_cents",),
        "created_at": ("created_at",),
        "metadata": ("raw_user_meta_data",),
        "deleted_at": ("deleted_at",),
        "banned_until": ("banned_until",),
        "is_anonymous": ("is_anonymous",),
        "email_confirmed_at": ("email_confirmed_at",),
    },
    Table.PROFILES: {
        "id": ("user_id", "id"),
        "email": ("email",),
        "phone": ("phone",),
        "username": ("username",),
        "name": ("name", "full_name", "display_name"),
        "avatar_url": ("avatar_url",),
        "currency": ("currency",),
        "balance": ("balance",),
        "balance_cents": ("balance_cents",),
    },
    Table.WALLETS: {
        "owner": ("user_id", "profile_id", "owner_id"),
        "id": ("id",),
        "currency": ("currency",),
        "balance": ("balance",),
        "balance_cents": ("balance_cents",),
    },
    Table.ENTRIES: {"wallet": ("wallet_id",), "amount": ("amount",), "currency": ("currency",)},
}
"""Our name for each column, and its possible names in an export; the first of them that exists is used."""

NEEDED = {
    Table.USERS: ("id",),
    Table.PROFILES: ("id",),
    Table.WALLETS: ("owner",),
    Table.ENTRIES: ("wallet", "amount"),
}


MAX_COLUMNS = 400
"""auth.users has about forty columns. A file with more than this many is not a table of users."""


class ExportUnreadable(PocketPayError):
    """The whole export cannot be read. The message says where, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line where it begins, and its values."""

    table: Table
    line: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that cannot be read. Reading continues after `last_line`."""

    table: Table
    line: int
    problem: str
    last_line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The positions of our columns among the columns of one file or COPY block."""

    table: Table
    width: int
    places: tuple[int | None, ...]

    @classmethod
    def of(cls, table: Table, names: Sequence[str], where: str) -> "Layout":
        """Finds our columns by name. Raises ExportUnreadable for a missing required column or a repeated name."""
        if len(names) > MAX_COLUMNS:
            raise ExportUnreadable(
                f"{where}: {len(names):,} columns are more than the limit of {MAX_COLUMNS}. Give another file."
            )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ExportUnreadable(f"{where}: the column {twice[:60]!r} appears twice. Rename one of them.")
        places = {}
        for ours, theirs in COLUMNS[table].items():
            places[ours] = next((names.index(name) for name in theirs if name in names), None)
        for needed in NEEDED[table]:
            if places[needed] is None:
                raise ExportUnreadable(
                    f"{where}: no column {' or '.join(COLUMNS[table][needed])}: {table.value} needs one."
                )
        return cls(table, len(names), tuple(places.values()))

    def fields(self, values: Sequence[str | None]) -> Fields:
        """Returns the values of our columns from all `width` values of a row."""
        return tuple(None if place is None else values[place] for place in self.places)
