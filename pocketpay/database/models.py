"""Column types that the tables of every package use: named constraints, UUID keys, aware times; and the table of the
revisions that the tables support. Decision 1 gives the reasons."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMES


def key() -> Any:
    """A UUIDv7 primary key, created by the server before the write."""
    return Field(primary_key=True)


def moment(*, nullable: bool = False) -> Any:
    """A `timestamptz` column. It has no default: each write sets the time explicitly, so that it is clear which clock
    it comes from."""
    return Field(sa_type=DateTime(timezone=True), nullable=nullable)


def minor(*, nullable: bool = False) -> Any:
    """A 64-bit column for an amount in minor units."""
    return Field(sa_type=BigInteger, nullable=nullable)


def count() -> Any:
    """A 64-bit column for a counter."""
    return Field(sa_type=BigInteger)


class ServedRevisionRow(SQLModel, table=True):
    """A revision whose servers work with the tables as they are. Only migrations write it."""

    __tablename__ = "served_revisions"

    revision: str = Field(primary_key=True)


__all__ = ["UUID", "SQLModel", "count", "datetime", "key", "minor", "moment"]
