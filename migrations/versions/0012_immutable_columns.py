"""What nobody may change any more, and what the audit may read to prove more.

IMMUTABLE    columns that no server ever changes: triggers refuse it to everybody, the tables' owner included
users        for the server: it changes the columns that it needs, and neither the id, the wallet nor the beginning
users.role   for the reader: whether somebody is an operator
sessions     for the reader: whose they are, and when they end; nothing of where or how they are used

A server of the revision before goes on as it was: it changes none of those columns.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

IMMUTABLE = {
    "transactions": (
        *("id", "type", "currency", "source_wallet_id", "destination_wallet_id", "amount", "fee", "description"),
        *("bank_name", "request_id", "card_id", "refund_of"),
    ),
    "money_requests": ("id", "requester_wallet_id", "payer_wallet_id", "currency", "amount", "description"),
    "cards": ("id", "wallet_id", "currency", "label", "brand", "last4"),
    "wallets": ("id", "account_kind", "currency"),
    "users": ("id", "wallet_id"),
}
WHOLLY_IMMUTABLE = ("idempotency_keys", "imported_users")

REFUSE = """
create function immutable_columns_refuse_update() returns trigger language plpgsql as $$
begin
    raise exception 'immutable columns of % are never changed: % refused', tg_table_name, tg_op
        using errcode = '23514', constraint = tg_name, table = tg_table_name;
end $$
"""

GRANTS = (
    "revoke update on users from pocketpay_server",
    "grant update (username, name, email, phone, avatar_url, password_hash, role, updated_at, closed_at) "
    "on users to pocketpay_server",
    "grant select (role) on users to pocketpay_reader",
    "grant select (user_id, expires_at, revoked_at) on sessions to pocketpay_reader",
)


def upgrade() -> None:
    op.execute(REFUSE)
    for table, columns in IMMUTABLE.items():
        # Each column by itself: a comparison of rows is printed otherwise after a restore.
        _guard(table, " or ".join(f"old.{column} is distinct from new.{column}" for column in columns))
    for table in WHOLLY_IMMUTABLE:
        _guard(table, None)
    for statement in GRANTS:
        op.execute(statement)


def _guard(table: str, changed: str | None) -> None:
    when = "" if changed is None else f" when ({changed})"
    op.execute(
        f"create trigger {table}_immutable before update on {table} for each row{when} "
        "execute function immutable_columns_refuse_update()"
    )
    op.execute(f"alter table {table} enable always trigger {table}_immutable")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
