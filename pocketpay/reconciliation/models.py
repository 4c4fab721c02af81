"""The tables of reconciliation. Rows are never changed or removed, except that a difference is closed once.

Decision 73 gives the reasons.
"""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, datetime, key, minor, moment

KINDS = ("not_in_books", "not_in_file", "amount_differs", "repeated")


class BankFileRow(SQLModel, table=True):
    """An imported file. `digest` is the SHA-256 of its content; `act_id` the act of the operator who imported it.

    Amounts are in minor units: positive when money came into the bank account, negative when it went out.
    """

    __tablename__ = "bank_files"
    __table_args__ = (
        ForeignKeyConstraint(["act_id"], ["operator_actions.id"]),
        CheckConstraint("length(digest) = 32", name="digest_is_sha256"),
        CheckConstraint("first_day <= last_day and lines > 0", name="has_days_and_lines"),
        Index("uq_bank_files_digest", "digest", unique=True),
    )

    id: UUID = key()
    digest: bytes
    name: str
    currency: str
    first_day: date
    last_day: date
    lines: int
    total: int = minor()
    act_id: UUID
    imported_at: datetime = moment()


class BankLineRow(SQLModel, table=True):
    """A line of a file. `transaction_id` is what its reference names; there may be no such transaction."""

    __tablename__ = "bank_lines"
    __table_args__ = (
        ForeignKeyConstraint(["file_id"], ["bank_files.id"]),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        Index(
            "ix_bank_lines_transaction",
            "transaction_id",
            postgresql_where=text("transaction_id is not null"),
        ),
    )

    file_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    day: date
    amount: int = minor()
    reference: str | None = None
    transaction_id: UUID | None = None


class BankDifferenceRow(SQLModel, table=True):
    """A difference between a file and the books. It is open until `closed_at`; `act_id` is the act that closed it: an
    operator's, or the import of a later file that explains it."""

    __tablename__ = "bank_differences"
    __table_args__ = (
        ForeignKeyConstraint(["file_id"], ["bank_files.id"]),
        ForeignKeyConstraint(
            ["file_id", "line"], ["bank_lines.file_id", "bank_lines.number"], name="fk_bank_differences_line"
        ),
        ForeignKeyConstraint(["act_id"], ["operator_actions.id"]),
        CheckConstraint(f"kind in {KINDS}", name="kind_known"),
        CheckConstraint(
            "(kind = 'not_in_file') = (line is null) and (line is null) = (bank_amount is null) "
            "and (kind = 'not_in_books') = (books_amount is null) "
            "and (transaction_id is not null or kind = 'not_in_books')",
            name="kind_says_what_differs",
        ),
        CheckConstraint("(closed_at is null) = (act_id is null)", name="closed_by_an_act"),
        Index("uq_bank_differences_line", "file_id", "line", unique=True),
        Index(
            "uq_bank_differences_not_in_file",
            "transaction_id",
            unique=True,
            postgresql_where=text("kind = 'not_in_file'"),
        ),
        Index("ix_bank_differences_opened", "opened_at", "id"),
        Index("ix_bank_differences_open", "opened_at", "id", postgresql_where=text("closed_at is null")),
    )

    id: UUID = key()
    file_id: UUID
    line: int | None = None
    kind: str
    transaction_id: UUID | None = None
    currency: str
    bank_amount: int | None = minor(nullable=True)
    books_amount: int | None = minor(nullable=True)
    opened_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
    act_id: UUID | None = None
