"""What the audit may read to prove that operators' acts and what they did belong together, and that whoever has left
has no session.

users.role   for the reader: whether somebody is an operator
sessions     for the reader: whose they are, and when they end; nothing of where or how they are used

A server of the revision before goes on as it was.
"""

from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

GRANTS = (
    "grant select (role) on users to pocketpay_reader",
    "grant select (user_id, expires_at, revoked_at) on sessions to pocketpay_reader",
)


def upgrade() -> None:
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
