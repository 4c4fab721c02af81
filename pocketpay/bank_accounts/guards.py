"""The triggers and constraints of bank accounts, orders and returns. The audit proves that they are in force."""

TRIGGERS = (
    ("bank_accounts", "bank_accounts_lifecycle", "d2dbbc6289cf61fbb6b89791f16bc88b"),
    ("bank_accounts", "bank_accounts_immutable", "bc2ed1955fb7539515c3a3ae761862ef"),
    ("bank_accounts", "bank_accounts_never_removed", "211103df219239eeaa8ad45ac94b284a"),
    ("bank_accounts", "bank_accounts_never_truncated", "a70b70f511d5f84028b606cdcf7737ba"),
    ("bank_orders", "bank_orders_immutable", "c1f18d99d6d3c495f10f9a3707fea47f"),
    ("bank_orders", "bank_orders_never_removed", "8f760164991ee4e2fc2f897e650c35d9"),
    ("bank_orders", "bank_orders_never_truncated", "3de66927949a08c29e3de4c21d44de07"),
    ("bank_returns", "bank_returns_never_shrink", "3e8805c990e9b1036f09e2a275c8f86e"),
    ("bank_returns", "bank_returns_never_removed", "959693cad14268207447aa3b07a4bacc"),
    ("bank_returns", "bank_returns_never_truncated", "f1b34a7dc1e5e1327ad1530dba547446"),
    ("bank_return_refunds", "bank_return_refunds_never_rewritten", "56b1aa08c754cc24148dd5cbbe1df570"),
    ("bank_return_refunds", "bank_return_refunds_never_truncated", "586ff3eff9f43aeefb2a9ab1d19593a1"),
)
"""Table, trigger, the MD5 of its definition, and where it differs the MD5 after a restore: see
`database.findings.guarded`."""

CONSTRAINTS = (
    *("pk_bank_accounts", "ck_bank_accounts_provider_known", "ck_bank_accounts_use_known"),
    *("ck_bank_accounts_status_known", "ck_bank_accounts_has_a_use", "ck_bank_accounts_reference_not_empty"),
    *("ck_bank_accounts_last4_is_four_digits", "ck_bank_accounts_pending_is_asked_about"),
    *("ck_bank_accounts_version_positive", "fk_bank_accounts_wallet_id_wallets", "fk_bank_accounts_user_id_users"),
    *("pk_bank_orders", "fk_bank_orders_transaction_id_transactions"),
    *("fk_bank_orders_bank_account_id_bank_accounts", "pk_bank_returns", "ck_bank_returns_returned_positive"),
    *("ck_bank_returns_outstanding_not_negative", "fk_bank_returns_transaction_id_transactions"),
    *("fk_bank_returns_wallet_id_wallets", "pk_bank_return_refunds"),
    "fk_bank_return_refunds_refund_id_transactions",
    "fk_bank_return_refunds_transaction_id_bank_returns",
)

UNIQUE_INDEXES = ("uq_bank_accounts_reference",)
