"""What PostgreSQL itself refuses to write about wallets. The audit proves that it is in force."""

CONSTRAINTS = (
    *("pk_wallets", "fk_wallets_account", "ck_wallets_account_is_a_wallets", "ck_wallets_status_known"),
    *("ck_wallets_frozen_for_known", "ck_wallets_frozen_says_how", "ck_wallets_freeze_has_a_reason"),
)

UNIQUE_INDEXES = ("uq_users_wallet_id",)
