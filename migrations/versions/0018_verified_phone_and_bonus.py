"""Phone numbers that their owners have verified, and welcome bonuses that verified addresses have earned.

users.phone_verified_at   when the user verified this number; null until then
users.phone_set_at        since when the user has given this number; null for numbers from before this revision
welcome_bonuses           what verified addresses have earned, until it is paid and after

A verified number is one user's; one that is not verified may be given by several. A trigger takes the verification
back when the number changes, also when a server of the revision before changes it. That server goes on refusing a
number that anybody has given (PHONE_TAKEN); where two have given the same one, it looks for one of them at sign-in.
It leaves text messages in the outbox to the servers of this revision. In production it goes on paying a welcome bonus
at sign-up, once per address; whoever has one there earns none by verifying.
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
