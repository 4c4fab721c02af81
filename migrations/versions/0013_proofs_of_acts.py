"""What the audit may read to prove that operators' acts and what they did belong together.

users.role   for the reader: whether somebody is an operator

A server of the revision before goes on as it was.
"""

from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

GRANTS = ("grant select (role) on users to pocketpay_reader",)


def upgrade() -> None:
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
