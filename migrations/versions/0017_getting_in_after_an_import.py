"""Sign-in after an import.

ix_users_brought_argon2   an index of the remaining imported argon2 hashes with other parameters than this server's,
                          so that a refused sign-in can take the time of one check of each kind without a scan of
                          all users
welcome_mails             the users who were sent a welcome mail, so that it is sent only once, even after its row in
                          the outbox was deleted

A server of the previous revision continues to work. It checks such a hash too, but its other refused sign-ins do not
take the same time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_users_brought_argon2",
        "users",
        [sa.text("ltrim(regexp_substr(password_hash, '^[$]argon2[^$]*[$][^$]*[$][^$]*'), '$')")],
        postgresql_where=sa.text(
            "password_hash like '$argon2%' and closed_at is null "
            "and password_hash not like '$argon2id$v=19$m=19456,t=2,p=1$%'"
        ),
    )
    op.create_table(
        "welcome_mails",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_welcome_mails_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_welcome_mails")),
    )
    op.execute("grant select, insert on welcome_mails to pocketpay_server")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
