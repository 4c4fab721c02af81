"""The types of the rows that a unit of work writes.

A unit sends its rows as one array of such a type for each table. A server of the previous revision sends an array for
each column, and continues to work. A type never changes: other columns need a new type with another name, and the old
one stays for the servers of the release before.
"""

from alembic import op

revision = "0026"
down_revision = "0030"
branch_labels = None
depends_on = None

TYPES = (
    "written_entry as (id uuid, account_id uuid, transaction_id uuid, amount bigint, currency text, kind text, "
    "sequence bigint, balance_after bigint, description text)",
    "written_account as (id uuid, posted bigint, held bigint, sequence bigint, version bigint)",
    "new_transaction as (id uuid, type text, status text, currency text, source_wallet_id uuid, "
    "destination_wallet_id uuid, amount bigint, fee bigint, description text, bank_name text, request_id uuid, "
    "card_id uuid, refund_of uuid, refunded bigint, uncounted bigint, risk_reasons jsonb, failure_code text, "
    "failure_facts jsonb, expires_at timestamptz, version bigint, completed_at timestamptz)",
    "changed_transaction as (id uuid, status text, refunded bigint, uncounted bigint, risk_reasons jsonb, "
    "failure_code text, failure_facts jsonb, version bigint, completed_at timestamptz)",
    "new_key as (wallet_id uuid, key text, operation text, fingerprint bytea, result_id uuid)",
    "written_usage as (wallet_id uuid, kind text, hour timestamptz, amount bigint)",
)


def upgrade() -> None:
    for type_ in TYPES:
        op.execute(f"create type {type_}")
        op.execute(f"grant usage on type {type_.partition(' ')[0]} to pocketpay_server")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
