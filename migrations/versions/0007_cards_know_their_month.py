"""The monthly total of each card, and an index that counts a wallet's open cards.

spent, spent_in   the total that the card paid in a calendar month (UTC), and the first day of that month: the latest
                  month in which the card paid

Cards that exist already get both from their payments, and a card without payments the month in which it was made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


FILL = """
with paid as (
    select card_id, date_trunc('month', completed_at at time zone 'UTC')::date as month, amount
    from transactions where type = 'card' and status = 'completed'),
latest as (
    select distinct on (card_id) card_id, month, sum(amount) as spent
    from paid group by card_id, month order by card_id, month desc)
update cards c set spent = coalesce(l.spent, 0),
    spent_in = coalesce(l.month, date_trunc('month', c.created_at at time zone 'UTC')::date)
from cards made left join latest l on l.card_id = made.id where made.id = c.id
"""


def upgrade() -> None:
    op.add_column("cards", sa.Column("spent", sa.BigInteger(), nullable=True))
    op.add_column("cards", sa.Column("spent_in", sa.Date(), nullable=True))
    op.execute(FILL)
    op.alter_column("cards", "spent", nullable=False)
    op.alter_column("cards", "spent_in", nullable=False)
    op.create_check_constraint(op.f("ck_cards_spent_not_negative"), "cards", "spent >= 0")
    op.create_check_constraint(op.f("ck_cards_spent_in_a_month"), "cards", "extract(day from spent_in) = 1")
    op.create_index(
        "ix_cards_open",
        "cards",
        ["wallet_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        postgresql_where=sa.text("status <> 'closed'"),
    )
    op.execute("grant update (spent, spent_in) on cards to pocketpay_server")
    op.drop_index("ix_transactions_card", "transactions")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
