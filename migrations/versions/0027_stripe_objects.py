"""The ids of Stripe's objects.

stripe_objects   an object of Stripe that belongs to a user, a link to a bank account, or an order

The id of an object and the ending of an order are set once and never changed; rows are never removed. Servers of the
previous revision ignore the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0033"
branch_labels = None
depends_on = None

KINDS = (
    "('customer', 'account', 'session', 'payment_method', 'mandate', 'link_account', "
    "'payment_intent', 'transfer', 'payout', 'reversal')"
)

FINAL = """
create function stripe_rows_are_final() returns trigger language plpgsql set search_path to pg_catalog, pg_temp as $$
begin
    raise exception 'what Stripe answered is never changed: % of % refused', tg_op, tg_table_name
        using errcode = '23514', constraint = tg_name, table = tg_table_name;
end $$
"""
SET_ONCE = """
create trigger stripe_objects_set_once before update on stripe_objects for each row
when (old.owner_id is distinct from new.owner_id or old.kind is distinct from new.kind
      or old.created_at is distinct from new.created_at
      or (old.stripe_id is not null and old.stripe_id is distinct from new.stripe_id)
      or (old.ending is not null and (old.ending is distinct from new.ending or old.why is distinct from new.why))
      or new.attempt < old.attempt)
execute function stripe_rows_are_final()
"""


def upgrade() -> None:
    op.create_table(
        "stripe_objects",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("ending", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind in {KINDS}", name=op.f("ck_stripe_objects_kind_known")),
        sa.CheckConstraint("attempt >= 0", name=op.f("ck_stripe_objects_attempt_not_negative")),
        sa.CheckConstraint(
            "ending is null or (ending in ('settled', 'declined') and kind in ('payment_intent', 'payout'))",
            name=op.f("ck_stripe_objects_ending_of_an_order"),
        ),
        sa.CheckConstraint(
            "ending is distinct from 'settled' or stripe_id is not null",
            name=op.f("ck_stripe_objects_settled_has_an_id"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "kind", name=op.f("pk_stripe_objects")),
    )
    op.create_index(
        "ix_stripe_objects_stripe_id",
        "stripe_objects",
        ["stripe_id"],
        postgresql_where=sa.text("stripe_id is not null"),
    )
    op.execute(FINAL)
    op.execute(SET_ONCE)
    op.execute("alter table stripe_objects enable always trigger stripe_objects_set_once")
    for name, events, each in (("removed", "delete", "row"), ("truncated", "truncate", "statement")):
        op.execute(
            f"create trigger stripe_objects_never_{name} before {events} on stripe_objects "
            f"for each {each} execute function stripe_rows_are_final()"
        )
        op.execute(f"alter table stripe_objects enable always trigger stripe_objects_never_{name}")
    op.execute("grant select, insert on stripe_objects to pocketpay_server")
    op.execute("grant update (stripe_id, attempt, ending, why, busy_until) on stripe_objects to pocketpay_server")
    op.execute("grant select on stripe_objects to pocketpay_reader")
