"""What PostgreSQL itself refuses to write about cards. The audit proves that it is in force."""

LIFECYCLE = ("cards", "cards_lifecycle", "0fc9e6c2d9bb1de7da96af679c84259d")
"""Table, trigger, and the MD5 of what it does: see `database.findings.guarded`."""

IMMUTABLE = ("cards", "cards_immutable", "2044903242d2c9f592ffe8b5aa5190fa")

CONSTRAINTS = (
    *("pk_cards", "uq_cards_id_currency", "fk_cards_wallet_id_wallets", "ck_cards_status_known"),
    *("ck_cards_last4_is_four_digits", "ck_cards_expiry_month_known", "ck_cards_limits_positive"),
    *("ck_cards_spent_not_negative", "ck_cards_spent_in_a_month", "ck_cards_version_positive"),
)
