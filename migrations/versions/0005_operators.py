"""The actions of operators.

operator_actions     every action of an operator, with its reason; no role can change or delete a row
risk_settings        the risk settings that operators override
retired_usernames    the usernames of closed accounts, so that nobody can be paid under an old owner's name
users                refuses a retired username, also in a sign-up that runs while its owner closes the wallet; a
                     closed account can keep no personal data
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GUARDS = (
    """
create function operator_actions_are_final() returns trigger language plpgsql as $$
begin
    raise exception 'operator actions are never rewritten: % refused', tg_op
        using errcode = '23514', constraint = 'operator_actions_append_only', table = 'operator_actions';
end $$
""",
    """
create trigger operator_actions_never_rewritten before update or delete on operator_actions
    for each row execute function operator_actions_are_final()
""",
    "alter table operator_actions enable always trigger operator_actions_never_rewritten",
    """
create trigger operator_actions_never_truncated before truncate on operator_actions
    for each statement execute function operator_actions_are_final()
""",
    "alter table operator_actions enable always trigger operator_actions_never_truncated",
    # An AFTER trigger runs after the check of the unique index. A sign-up can wait in that check until the owner's
    # closing commits, and then sees the retired username.
    """
create function usernames_are_given_once() returns trigger language plpgsql as $$
begin
    if exists (
        select from public.retired_usernames where fingerprint = sha256(convert_to(new.username, 'UTF8'))
    ) then
        raise exception 'this username was somebody''s who has left'
            using errcode = '23505', constraint = 'uq_users_username', table = 'users';
    end if;
    return null;
end $$
""",
    """
create trigger users_username_given_once after insert or update of username on users
    for each row execute function usernames_are_given_once()
""",
    "alter table users enable always trigger users_username_given_once",
)

GRANTS = (
    "grant select, insert on operator_actions, retired_usernames to pocketpay_server",
    "grant select, insert, update, delete on risk_settings to pocketpay_server",
    "grant select on operator_actions, risk_settings to pocketpay_reader",
)


def upgrade() -> None:
    op.create_table(
        "operator_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("operator_id", sa.Uuid(), nullable=True),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=True),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "length(action) > 0 and length(operator) > 0 and length(reason) > 0",
            name=op.f("ck_operator_actions_says_who_and_why"),
        ),
        sa.ForeignKeyConstraint(["operator_id"], ["users.id"], name=op.f("fk_operator_actions_operator_id_users")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_operator_actions_wallet_id_wallets")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["transactions.id"], name=op.f("fk_operator_actions_transaction_id_transactions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_actions")),
    )
    op.create_index(
        "ix_operator_actions_created",
        "operator_actions",
        [sa.literal_column("created_at desc"), sa.literal_column("id desc")],
    )
    op.create_index(
        "ix_operator_actions_wallet",
        "operator_actions",
        ["wallet_id"],
        postgresql_where=sa.text("wallet_id is not null"),
    )
    op.create_table(
        "risk_settings",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "name in ('large_transfer_threshold', 'large_transfer_action', 'new_recipient_action', "
            "'rapid_transfer_count', 'rapid_transfer_window_minutes', 'rapid_transfer_action')",
            name=op.f("ck_risk_settings_name_known"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_risk_settings")),
    )
    op.create_table(
        "retired_usernames",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_retired_usernames_fingerprint_is_sha256")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_retired_usernames")),
    )
    op.create_check_constraint(
        op.f("ck_users_whoever_left_is_nobody"),
        "users",
        "closed_at is null or (email is null and phone is null and avatar_url is null)",
    )
    for statement in (*GUARDS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
