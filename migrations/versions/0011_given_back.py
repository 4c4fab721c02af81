"""What was given back counts in no limit any more; a welcome bonus once per email address.

transactions.uncounted   how much of an amount counts neither in its wallet's limit nor in its card's month any more

A server of the revision before does not write it: what that server gives back goes on counting, as it did, and so
does all that was given back before. Limits, months and proofs all read this one column, so they agree under both.

welcomed_emails          fingerprints of addresses that are given no welcome bonus any more: one was paid, or their
                         owner has left

A server of the revision before keeps none. Of those whom it welcomed one is kept when they leave.
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
