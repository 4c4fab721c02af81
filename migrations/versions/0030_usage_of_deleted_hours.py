"""Hours of wallet_usage may be deleted when no limit reads them any more.

A refund is subtracted from the hour in which its payment was ordered, however long ago. When that hour is deleted,
there is nothing to subtract from: the insert that would make it negative is ignored. Servers of the previous revision
issue the same statement and rely on the trigger too. Hours that limits read, and all updates, are as before.
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

FUNCTION = """
create function wallet_usage_ignored() returns trigger language plpgsql set search_path to pg_catalog, pg_temp as $$
begin
    return null;
end $$
"""
TRIGGER = """
create trigger wallet_usage_hour_was_deleted before insert on wallet_usage for each row
when (new.amount < 0 and new.hour < clock_timestamp() - interval '6 days') execute function wallet_usage_ignored()
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    op.execute(TRIGGER)
    op.execute("alter table wallet_usage enable always trigger wallet_usage_hour_was_deleted")
    op.execute("grant delete on wallet_usage to pocketpay_server")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
