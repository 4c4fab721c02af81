"""Verified email addresses, and the challenges from which codes are derived.

users.email_verified_at   when the user verified the current address; null until then
users.email_set_at        when the user set the current address; null for addresses from before this revision
one_time_challenges       the values from which codes and links are derived; no code is stored

A verified address belongs to one user. Several users can have the same unverified address. A trigger removes the
verification when the address changes, also when a server of the previous revision changes it. That server still
refuses an address that another user has (EMAIL_TAKEN). When several users have the same address, it finds one of them
at sign-in.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

VERIFIED_ANEW = """
create function users_email_is_verified_anew() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or lower(new.email) is distinct from lower(old.email) then
        new.email_set_at := case when new.email is not null then clock_timestamp() end;
        if tg_op = 'UPDATE' then
            new.email_verified_at := null;
        end if;
    end if;
    return new;
end $$
"""


def upgrade() -> None:
    _users()
    _challenges()


def _users() -> None:
    op.add_column("users", sa.Column("email_verified_at", MOMENT, nullable=True))
    op.add_column("users", sa.Column("email_set_at", MOMENT, nullable=True))
    op.create_check_constraint(
        op.f("ck_users_only_an_email_is_verified"), "users", "email_verified_at is null or email is not null"
    )
    op.execute(VERIFIED_ANEW)
    op.execute(
        "create trigger users_email_is_verified_anew before insert or update of email on users "
        "for each row execute function users_email_is_verified_anew()"
    )
    op.create_index("ix_users_email", "users", [sa.literal_column("lower(email)")])
    op.create_index(
        "uq_users_verified_email",
        "users",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("email_verified_at is not null"),
    )
    op.drop_index("uq_users_email", "users")
    op.execute("grant update (email_verified_at) on users to pocketpay_server")


def _challenges() -> None:
    op.create_table(
        "one_time_challenges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_one_time_challenges_tries_not_negative")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_one_time_challenges_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_challenges")),
    )
    op.create_index("ix_one_time_challenges_user", "one_time_challenges", ["user_id", "purpose", "created_at"])
    op.create_index("ix_one_time_challenges_expires_at", "one_time_challenges", ["expires_at"])
    op.execute("grant select, insert, update, delete on one_time_challenges to pocketpay_server")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
