"""The proof that no time in the ledger lies in the future.

The clearing allows the time of an account to be MAX_AHEAD_SECONDS ahead of the database's clock (decision 27), so
the proof allows the same. It reads each table once, completely. An incremental audit reads only the added
rows of the four largest tables.
"""

from pocketpay.ledger.account import MAX_AHEAD_SECONDS
from pocketpay.transactions.audit import incremental

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
"""Each table, with SQL for the name of a row and for its latest time."""

NOT_IN_THE_FUTURE = incremental(
    "no time in the ledger is in the future",
    " union all ".join(
        f"""
    select {id}, 'in {table}, at ' || {latest}
    from {table} where {latest} > (select clock_timestamp()) + interval '{MAX_AHEAD_SECONDS} seconds'
    """
        for table, id, latest in STAMPED
    ),
    *("transactions", "ledger_entries", "money_requests", "idempotency_keys"),
)

PROOFS = (NOT_IN_THE_FUTURE,)
