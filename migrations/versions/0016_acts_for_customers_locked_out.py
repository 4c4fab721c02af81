"""What the audit reads to prove what operators do for customers who are locked out.

users                 for the reader: since when an address is verified; not the address
sessions              for the reader: when they began
one_time_challenges   for the reader: whose they are, and what for; neither the address nor the tries
outgoing_mails        for the reader: to whom and about what; neither the address nor the facts

Nothing else changes, so a server of the revision before goes on. It does not know the new kinds of acts: its list of
operators' acts fails on a page that has one. Update every server before operators do such acts.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

GRANTS = (
    "grant select (email_verified_at) on users to pocketpay_reader",
    "grant select (created_at) on sessions to pocketpay_reader",
    "grant select (id, user_id, purpose) on one_time_challenges to pocketpay_reader",
    "grant select (user_id, event) on outgoing_mails to pocketpay_reader",
)


def upgrade() -> None:
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
