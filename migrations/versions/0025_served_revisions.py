"""The revisions whose servers work with these tables.

A server of an earlier version cannot know a later migration, so the database says whether it may go on. From this one
on, each migration adds its own revision (migrations/env.py). One that takes something away from earlier servers names
them in `ends_service_for`, and their revisions are deleted.

A server of a revision before this one does not read the table. It goes on serving customers, and its /readyz answers
503 after the migration, as before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "served_revisions",
        sa.Column("revision", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_served_revisions")),
    )
    op.execute("grant select on served_revisions to pocketpay_server, pocketpay_reader")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
