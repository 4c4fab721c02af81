"""Columns that nobody can change, and columns that the audit can read.

IMMUTABLE    columns that no server ever changes: triggers refuse a change by any role, including the owner
users        the server's role can update the columns that it needs, but not the id, the wallet or the creation time
users.role   readable by the reader role: whether the user is an operator
sessions     readable by the reader role: the user and the end of a session; not the address or the use

A server of the previous revision continues to work: it changes none of these columns.
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
        # Each column is compared separately: PostgreSQL prints a comparison of rows differently after a restore.
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
