"""What PostgreSQL itself refuses to write about idempotency keys. The audit proves that it is in force."""

CONSTRAINTS = (
    *("pk_idempotency_keys", "fk_idempotency_keys_wallet_id_wallets"),
    *("ck_idempotency_keys_fingerprint_is_sha256", "ck_idempotency_keys_key_length"),
)
