"""The triggers and the constraints by which PostgreSQL protects wallets. The audit proves that they are in force."""

IMMUTABLE = ("wallets", "wallets_immutable", "6c01913667d5a579ee6e66bd2c38f6c4")
"""Table, trigger, and the MD5 of the trigger's source: see `database.findings.guarded`."""

REFERENCES = (
    ("wallets", "wallets_never_removed", "278d022ceeba80a2bc67915469121e9e"),
    ("wallets", "wallets_never_truncated", "ddaa18f0ba19dbc17d4916cb7b8329be"),
)

CONSTRAINTS = (
    *("pk_wallets", "fk_wallets_account", "ck_wallets_account_is_a_wallets", "ck_wallets_status_known"),
    *("ck_wallets_frozen_for_known", "ck_wallets_frozen_says_how", "ck_wallets_freeze_has_a_reason"),
)

UNIQUE_INDEXES = ("uq_users_wallet_id",)
