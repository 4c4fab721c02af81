"""The triggers and constraints by which PostgreSQL protects money requests. The audit proves they are in force."""

LIFECYCLE = ("money_requests", "money_requests_lifecycle", "cc09ce05aaf3996322a61c6f0d584d9c")
"""Table, trigger, and the MD5 of the trigger's source: see `database.findings.guarded`."""

IMMUTABLE = ("money_requests", "money_requests_immutable", "ee64f0eeeba06573e0f926dc6a79f748")

CONSTRAINTS = (
    *("pk_money_requests", "uq_money_requests_id_currency", "ck_money_requests_status_known"),
    *("ck_money_requests_amount_in_range", "ck_money_requests_not_of_oneself"),
    *("ck_money_requests_expires_after_it_was_made", "ck_money_requests_version_positive"),
    *("fk_money_requests_requester_wallets", "fk_money_requests_payer_wallets"),
)
