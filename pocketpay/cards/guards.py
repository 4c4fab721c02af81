"""The triggers and constraints by which PostgreSQL protects cards. The audit proves that they are in force."""

LIFECYCLE = ("cards", "cards_lifecycle", "0fc9e6c2d9bb1de7da96af679c84259d")
"""Table, trigger, and the MD5 of the trigger's source: see `database.findings.guarded`."""

IMMUTABLE = ("cards", "cards_immutable", "2044903242d2c9f592ffe8b5aa5190fa")

CONSTRAINTS = (
    *("pk_cards", "uq_cards_id_currency", "fk_cards_wallet_id_wallets", "ck_cards_status_known"),
    *("ck_cards_last4_is_four_digits", "ck_cards_expiry_month_known", "ck_cards_limits_positive"),
    *("ck_cards_spent_not_negative", "ck_cards_spent_in_a_month", "ck_cards_version_positive"),
)
