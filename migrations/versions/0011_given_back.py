"""Refunded amounts no longer count in limits, and a welcome bonus is paid once per email address.

transactions.uncounted   the part of the amount that no longer counts in the wallet's limit or the card's month

A server of the previous revision does not write this column: amounts that it refunds still count, as before, and so
do all earlier refunds. Limits, monthly totals and audits all read this column, so they agree with both revisions.

welcomed_emails          fingerprints of email addresses that get no welcome bonus: one was paid, or the owner has
                         closed their wallet

A server of the previous revision does not write this table. The addresses of users whom it paid a bonus are stored
when these users close their wallets.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _uncounted()
    _welcomed_emails()


def _uncounted() -> None:
    op.add_column(
        "transactions", sa.Column("uncounted", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_transactions_uncounted_was_given_back"),
        "transactions",
        "uncounted = 0 or (uncounted > 0 and uncounted <= refunded and uncounted <= amount)",
    )
    op.execute("grant update (uncounted) on transactions to pocketpay_server")


def _welcomed_emails() -> None:
    op.create_table(
        "welcomed_emails",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("welcomed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_welcomed_emails_fingerprint_is_hmac_sha256")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_welcomed_emails")),
    )
    op.execute("grant select, insert on welcomed_emails to pocketpay_server")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
