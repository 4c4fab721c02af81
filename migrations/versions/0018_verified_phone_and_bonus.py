"""Verified phone numbers, and the welcome bonuses of verified email addresses.

users.phone_verified_at   when the user verified the current number; null until then
users.phone_set_at        when the user set the current number; null for numbers from before this revision
welcome_bonuses           the bonuses that verified addresses have earned, before and after they are paid

A verified number belongs to one user. Several users can have the same unverified number. A trigger removes the
verification when the number changes, also when a server of the previous revision changes it. That server still
refuses a number that another user has (PHONE_TAKEN). When several users have the same number, it finds one of them at
sign-in. It leaves text messages in the outbox for servers of this revision. In production it still pays a welcome
bonus at sign-up, once per address; a user who got one there earns none by verifying an address.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

VERIFIED_ANEW = """
create function users_phone_is_verified_anew() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or new.phone is distinct from old.phone then
        new.phone_set_at := case when new.phone is not null then clock_timestamp() end;
        if tg_op = 'UPDATE' then
            new.phone_verified_at := null;
        end if;
    end if;
    return new;
end $$
"""


def upgrade() -> None:
    _users()
    _bonuses()


def _users() -> None:
    op.add_column("users", sa.Column("phone_verified_at", MOMENT, nullable=True))
    op.add_column("users", sa.Column("phone_set_at", MOMENT, nullable=True))
    op.create_check_constraint(
        op.f("ck_users_only_a_phone_is_verified"), "users", "phone_verified_at is null or phone is not null"
    )
    op.execute(VERIFIED_ANEW)
    op.execute(
        "create trigger users_phone_is_verified_anew before insert or update of phone on users "
        "for each row execute function users_phone_is_verified_anew()"
    )
    op.create_index("ix_users_phone", "users", ["phone"])
    op.create_index(
        "uq_users_verified_phone",
        "users",
        ["phone"],
        unique=True,
        postgresql_where=sa.text("phone_verified_at is not null"),
    )
    op.drop_index("uq_users_phone", "users")
    op.execute("grant update (phone_verified_at) on users to pocketpay_server")


def _bonuses() -> None:
    op.create_table(
        "welcome_bonuses",
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("promised_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_welcome_bonuses_amount_positive")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_welcome_bonuses_wallet_id_wallets")),
        sa.PrimaryKeyConstraint("wallet_id", name=op.f("pk_welcome_bonuses")),
    )
    op.create_index("uq_welcome_bonuses_transaction_id", "welcome_bonuses", ["transaction_id"], unique=True)
    op.create_index(
        "ix_welcome_bonuses_owed",
        "welcome_bonuses",
        ["promised_at"],
        postgresql_where=sa.text("finished_at is null"),
    )
    op.execute("grant select, insert, update (finished_at) on welcome_bonuses to pocketpay_server")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
