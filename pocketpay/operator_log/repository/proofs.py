"""The audit's proofs about the operator log. Each is a query that returns one row for each error it finds."""

from pocketpay.database.findings import guarded, in_force, only_owner_may_change
from pocketpay.operator_log.repository import act_proofs

RECORD_GUARDED = guarded(
    "the triggers of the operator log and of usernames are in force",
    ("operator_actions", "operator_actions_never_rewritten", "fb1b05ba096c3b5daf7b0a60fa996be9"),
    ("operator_actions", "operator_actions_never_truncated", "c8a1f1936b6b0cb1d78da19a420a4ec3"),
    ("users", "users_username_given_once", "8c89f61c9fbfb8d6d0b97963692f0d77"),
)

RECORD_IS_THE_OWNERS = only_owner_may_change(
    "only the owner of the table has the right to rewrite the operator log", "operator_actions"
)

RECORD_CONSTRAINED = in_force(
    "the constraints of the operator log are in force",
    constraints=(
        *("pk_operator_actions", "ck_operator_actions_says_who_and_why", "fk_operator_actions_operator_id_users"),
        *("fk_operator_actions_wallet_id_wallets", "fk_operator_actions_transaction_id_transactions"),
    ),
)

PROOFS = (*act_proofs.PROOFS, RECORD_GUARDED, RECORD_IS_THE_OWNERS, RECORD_CONSTRAINED)
