"""Files of banks, their lines, and the differences between them and the books.

bank_files         an imported file; no two have the same content
bank_lines         the lines of each file
bank_differences   differences between a file and the books, each until an operator closes it

Rows are never changed or removed, except that a difference is closed once. Servers of the previous revision ignore
all this. Revision 0022 adds the index that finds the entries on the days of a file.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0026"
branch_labels = None
depends_on = None

KINDS = "('not_in_books', 'not_in_file', 'amount_differs', 'repeated')"

FINAL = """
create function bank_rows_are_final() returns trigger language plpgsql set search_path to pg_catalog, pg_temp as $$
begin
    raise exception 'rows of % are never changed: % refused', tg_table_name, tg_op
        using errcode = '23514', constraint = tg_name, table = tg_table_name;
end $$
"""
CLOSED_ONCE = """
create trigger bank_differences_closed_once before update on bank_differences for each row
when (old.closed_at is not null or new.closed_at is null or old.id is distinct from new.id
      or old.file_id is distinct from new.file_id or old.line is distinct from new.line
      or old.kind is distinct from new.kind or old.transaction_id is distinct from new.transaction_id
      or old.currency is distinct from new.currency or old.bank_amount is distinct from new.bank_amount
      or old.books_amount is distinct from new.books_amount or old.opened_at is distinct from new.opened_at)
execute function bank_rows_are_final()
"""


def upgrade() -> None:
    op.create_table(
        "bank_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_bank_files_digest_is_sha256")),
        sa.CheckConstraint("first_day <= last_day and lines > 0", name=op.f("ck_bank_files_has_days_and_lines")),
        sa.ForeignKeyConstraint(["act_id"], ["operator_actions.id"], name="fk_bank_files_act_id_operator_actions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_files")),
    )
    op.create_index("uq_bank_files_digest", "bank_files", ["digest"], unique=True)
    op.create_table(
        "bank_lines",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_bank_lines_amount_not_zero")),
        sa.ForeignKeyConstraint(["file_id"], ["bank_files.id"], name="fk_bank_lines_file_id_bank_files"),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_bank_lines")),
    )
    op.create_index(
        "ix_bank_lines_transaction",
        "bank_lines",
        ["transaction_id"],
        postgresql_where=sa.text("transaction_id is not null"),
    )
    op.create_table(
        "bank_differences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("bank_amount", sa.BigInteger(), nullable=True),
        sa.Column("books_amount", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("act_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"kind in {KINDS}", name=op.f("ck_bank_differences_kind_known")),
        sa.CheckConstraint(
            "(kind = 'not_in_file') = (line is null) and (line is null) = (bank_amount is null) "
            "and (kind = 'not_in_books') = (books_amount is null) "
            "and (transaction_id is not null or kind = 'not_in_books')",
            name=op.f("ck_bank_differences_kind_says_what_differs"),
        ),
        sa.CheckConstraint(
            "(closed_at is null) = (act_id is null)", name=op.f("ck_bank_differences_closed_by_an_act")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["bank_files.id"], name="fk_bank_differences_file_id_bank_files"),
        sa.ForeignKeyConstraint(
            ["file_id", "line"], ["bank_lines.file_id", "bank_lines.number"], name="fk_bank_differences_line"
        ),
        sa.ForeignKeyConstraint(
            ["act_id"], ["operator_actions.id"], name="fk_bank_differences_act_id_operator_actions"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_differences")),
    )
    op.create_index("uq_bank_differences_line", "bank_differences", ["file_id", "line"], unique=True)
    op.create_index(
        "uq_bank_differences_not_in_file",
        "bank_differences",
        ["transaction_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'not_in_file'"),
    )
    op.create_index("ix_bank_differences_opened", "bank_differences", ["opened_at", "id"])
    op.create_index(
        "ix_bank_differences_open",
        "bank_differences",
        ["opened_at", "id"],
        postgresql_where=sa.text("closed_at is null"),
    )
    op.execute(FINAL)
    op.execute(CLOSED_ONCE)
    op.execute("alter table bank_differences enable always trigger bank_differences_closed_once")
    for table, events in (
        ("bank_files", "update or delete"),
        ("bank_lines", "update or delete"),
        ("bank_differences", "delete"),
    ):
        _refuse(table, "never_rewritten" if "update" in events else "never_removed", events, "row")
        _refuse(table, "never_truncated", "truncate", "statement")
    op.execute("grant select, insert on bank_files, bank_lines, bank_differences to pocketpay_server")
    op.execute("grant update (closed_at, act_id) on bank_differences to pocketpay_server")
    op.execute("grant select on bank_files, bank_lines, bank_differences to pocketpay_reader")


def _refuse(table: str, name: str, events: str, each: str) -> None:
    op.execute(
        f"create trigger {table}_{name} before {events} on {table} "
        f"for each {each} execute function bank_rows_are_final()"
    )
    op.execute(f"alter table {table} enable always trigger {table}_{name}")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
