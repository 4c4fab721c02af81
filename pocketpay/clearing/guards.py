"""The trigger and constraints by which PostgreSQL protects idempotency keys. The audit proves they are in force."""

IMMUTABLE = ("idempotency_keys", "idempotency_keys_immutable", "b642ebafb154895617682561b23adbf5")
"""Table, trigger, and the MD5 of the trigger's source: see `database.findings.guarded`."""

CONSTRAINTS = (
    *("pk_idempotency_keys", "fk_idempotency_keys_wallet_id_wallets"),
    *("ck_idempotency_keys_fingerprint_is_sha256", "ck_idempotency_keys_key_length"),
)
