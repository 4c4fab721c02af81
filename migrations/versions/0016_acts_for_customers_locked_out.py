"""The columns that the audit reads to check the operators' help for customers who are locked out.

users                 readable by the reader role: when the address was verified; not the address
sessions              readable by the reader role: when a session began
one_time_challenges   readable by the reader role: the user and the purpose; neither the address nor the attempts
outgoing_mails        readable by the reader role: the recipient and the kind; neither the address nor the facts

Nothing else changes, so a server of the previous revision continues to work. It does not know the new kinds of
actions: its list of operators' actions fails on a page that contains one. Update every server before operators use
them.
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
