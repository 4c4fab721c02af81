"""The proof that nothing in the books lies in the future.

The clearing lets an account be MAX_AHEAD_SECONDS ahead of the database's clock (decision 27), and so may be what it
writes. Each table is read once, from its beginning to its end.
"""

from pocketpay.database.findings import Proof
from pocketpay.ledger.account import MAX_AHEAD_SECONDS

ID = "id::text"

STAMPED = (
    ("ledger_accounts", ID, "updated_at"),
    ("ledger_entries", ID, "created_at"),
    ("transactions", ID, "greatest(created_at, updated_at, completed_at)"),
    ("wallets", ID, "greatest(created_at, updated_at)"),
    ("money_requests", ID, "greatest(created_at, updated_at)"),
    ("cards", ID, "greatest(created_at, updated_at, spent_in::timestamp at time zone 'UTC')"),
    ("idempotency_keys", "wallet_id || ' ' || key", "created_at"),
    (
        "wallet_usage",
        """wallet_id || ' ' || kind || ' ' || to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24"Z"')""",
        "hour",
    ),
    ("operator_actions", ID, "created_at"),
)
"""Each table, how a row of it is named, and its latest time."""

NOT_IN_THE_FUTURE = Proof(
    "no time in the ledger is in the future",
    " union all ".join(
        f"""
    select {id}, 'in {table}, at ' || {latest}
    from {table} where {latest} > (select clock_timestamp()) + interval '{MAX_AHEAD_SECONDS} seconds'
    """
        for table, id, latest in STAMPED
    ),
)

PROOFS = (NOT_IN_THE_FUTURE,)
