"""What a server may no longer change, and what the audit may read to prove more.

users        for the server: it changes the columns that it needs, and neither the id, the wallet nor the beginning
users.role   for the reader: whether somebody is an operator
sessions     for the reader: whose they are, and when they end; nothing of where or how they are used

A server of the revision before goes on as it was: it changes no other columns.
"""

from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

GRANTS = (
    "revoke update on users from pocketpay_server",
    "grant update (username, name, email, phone, avatar_url, password_hash, role, updated_at, closed_at) "
    "on users to pocketpay_server",
    "grant select (role) on users to pocketpay_reader",
    "grant select (user_id, expires_at, revoked_at) on sessions to pocketpay_reader",
)


def upgrade() -> None:
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
