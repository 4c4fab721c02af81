"""Users imported from Supabase.

Stores each user's Supabase id, so that an import can be repeated without creating users twice. Adds an index of the
remaining bcrypt hashes, so that a refused sign-in can take the time of a bcrypt check without a scan of all users.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GRANTS = (
    "grant select, insert on imported_users to pocketpay_server",
    "grant select on imported_users to pocketpay_reader",
)


def upgrade() -> None:
    op.create_table(
        "imported_users",
        sa.Column("supabase_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("opening_id", sa.Uuid(), nullable=True),
        sa.Column("opening_amount", sa.BigInteger(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("opening_amount >= 0", name=op.f("ck_imported_users_opening_not_negative")),
        sa.CheckConstraint(
            "(opening_id is null) = (opening_amount = 0)", name=op.f("ck_imported_users_opening_has_its_transaction")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_imported_users_user_id_users")),
        sa.PrimaryKeyConstraint("supabase_id", name=op.f("pk_imported_users")),
    )
    op.create_index("uq_imported_users_user_id", "imported_users", ["user_id"], unique=True)
    op.create_index(
        "ix_users_bcrypt",
        "users",
        [sa.text("substr(password_hash, 5, 2)")],
        postgresql_where=sa.text("password_hash like '$2%' and closed_at is null"),
    )
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
