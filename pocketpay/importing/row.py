"""Rows of an export: which of Supabase's tables and columns are read, and what a row of each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pocketpay.errors import PocketPayError

Fields = tuple[str | None, ...]
"""A row's values in the order of its table's columns, None for NULL and for a column that is not there."""


class Table(StrEnum):
    """What is read of an export; the value is what it is called in sentences."""

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
"""What we call a column, and what an export may call it: the first of these that it has."""

NEEDED = {
    Table.USERS: ("id",),
    Table.PROFILES: ("id",),
    Table.WALLETS: ("owner",),
    Table.ENTRIES: ("wallet", "amount"),
}


MOST_COLUMNS = 400
"""auth.users has some forty; more than that is no table anybody keeps people in."""


class ExportUnreadable(PocketPayError):
    """The export as a whole cannot be read. The text says where and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it begins, and what it holds."""

    table: Table
    line: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A row that cannot be read. `last_line` is where reading went on after."""

    table: Table
    line: int
    problem: str
    last_line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns we read stand among those of one file or COPY block."""

    table: Table
    width: int
    places: tuple[int | None, ...]

    @classmethod
    def of(cls, table: Table, names: Sequence[str], where: str) -> "Layout":
        """Raises ExportUnreadable when one that is needed is not there, or one is there twice."""
        if len(names) > MOST_COLUMNS:
            raise ExportUnreadable(
                f"{where}: {len(names):,} columns are more than the limit of {MOST_COLUMNS}. Give another file."
            )
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ExportUnreadable(f"{where}: the column {twice[:60]!r} is there twice. Rename one of them.")
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
        """Ours of all the values of a row that has as many as the layout is wide."""
        return tuple(None if place is None else values[place] for place in self.places)
