"""The constraints and triggers that PostgreSQL enforces on transactions and on usage of limits.

The audit proves that they are in force.
"""

LIFECYCLE = (
    *("transactions", "transactions_lifecycle"),
    *("396dd20b02e07804f039ebb3a92c0b14", "da7b764bf75d907e108030d011fc9beb"),
)
"""Table, trigger, the MD5 of its definition, and the MD5 after a restore: see `database.findings.guarded`."""

IMMUTABLE = ("transactions", "transactions_immutable", "f6ef6767a3951843f7042e4eabbb2f51")

REFERENCES = (
    ("transactions", "transactions_guard", "cd555f7b00edafdbb96a3731d30927e7"),
    ("transactions", "transactions_never_removed", "678c2e511200e2e45126d155f56e7d7e"),
    ("transactions", "transactions_never_truncated", "e7fe059edc951d12d6850b2923d44256"),
)

CONSTRAINTS = (
    *("pk_transactions", "uq_transactions_id_currency"),
    *("ck_transactions_type_known", "ck_transactions_status_known", "ck_transactions_version_positive"),
    *("ck_transactions_amount_in_range", "ck_transactions_fee_in_range", "ck_transactions_not_to_oneself"),
    *("ck_transactions_type_says_whose_wallets", "ck_transactions_completed_has_its_time"),
    *("ck_transactions_failure_has_a_code", "ck_transactions_pending_expires"),
    *("ck_transactions_created_is_asked_about_again", "ck_transactions_type_says_what_it_is_about"),
    *("ck_transactions_refunded_within_the_original", "fk_transactions_refund_of"),
    "ck_transactions_uncounted_was_given_back",
    *("fk_transactions_request", "fk_transactions_card"),
    *("pk_wallet_usage", "fk_wallet_usage_wallet_id_wallets", "ck_wallet_usage_kind_known"),
    *("ck_wallet_usage_hour_is_whole", "ck_wallet_usage_amount_not_negative"),
)

UNIQUE_INDEXES = ("uq_transactions_request_live",)
