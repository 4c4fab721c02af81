"""What must hold of the record of operators' acts, each as a question whose every answer is something wrong."""

from pocketpay.database.findings import Proof, guarded, in_force, only_the_owners

FREEZES = Proof(
    "a wallet is frozen as the record of operators' acts says, and not otherwise",
    """
    select w.id::text, concat('is ', coalesce('frozen for ' || w.frozen_for || ', ' || w.freeze_reason, 'not frozen'),
        '; the record says ', coalesce(said.freeze || ', ' || said.reason, 'not frozen'))
    from wallets w
    left join lateral (
        select case a.action when 'freeze' then a.facts ->> 'freeze' end as freeze,
            case a.action when 'freeze' then a.reason end as reason
        from operator_actions a where a.wallet_id = w.id and a.action in ('freeze', 'unfreeze')
        order by a.created_at desc, a.id desc limit 1) said on true
    where (w.frozen_for, w.freeze_reason) is distinct from (said.freeze, said.reason)
    """,
)

RECORD_GUARDED = guarded(
    "the guards of the record of operators' acts, and of usernames, are in force",
    ("operator_actions", "operator_actions_never_rewritten", "6d1aa9aecfb6d33d6de62351604bb0bc"),
    ("operator_actions", "operator_actions_never_truncated", "6d1aa9aecfb6d33d6de62351604bb0bc"),
    ("users", "users_username_given_once", "9ce8d5303f1935995628cb9b46146ef6"),
)

RECORD_IS_THE_OWNERS = only_the_owners(
    "nobody but its owner has a right to rewrite the record of operators' acts", "operator_actions"
)

RECORD_CONSTRAINED = in_force(
    "the constraints of the record of operators' acts are in force",
    constraints=(
        *("pk_operator_actions", "ck_operator_actions_says_who_and_why", "fk_operator_actions_operator_id_users"),
        *("fk_operator_actions_wallet_id_wallets", "fk_operator_actions_transaction_id_transactions"),
    ),
)

PROOFS = (FREEZES, RECORD_GUARDED, RECORD_IS_THE_OWNERS, RECORD_CONSTRAINED)
