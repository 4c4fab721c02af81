"""The audit's proofs about acts and their effects: each act in the operator log has its effect, and each effect its
act.

    freeze, unfreeze          the wallet is frozen exactly as the last of these acts says
    reverse                   there is a refund that no customer ordered, and that books no return of a bank
    grant_role, revoke_role   the user has the role of the last of these acts; a closed account has no role
    set_risk, clear_risk      the setting has the value of the last of these acts
    begin_recovery            a code and its mail were created for the customer; proved as long as the code is stored
    verify_email              if the address is verified, it was verified at the act or later
    end_sessions              no session that began before the act is active

Acts on one object are written under its lock, so the order of their times is the order in which they were done. An
act is recorded only when it changes something, so an act that repeats the one before it is an error.
"""

from datetime import timedelta

from pocketpay.database.findings import Proof
from pocketpay.identity.mails import CODE_LIFETIME
from pocketpay.mail.mail import Kind
from pocketpay.operator_log.act import RECORDED

_KEPT = CODE_LIFETIME[Kind.RESET_PASSWORD] - timedelta(minutes=1)
"""The time for which a code and its mail are stored at least, unless the account is closed."""

KNOWN = Proof(
    "each action in the operator log has a known kind",
    f"""
    select id::text, 'is ' || action from operator_actions
    where action not in ({", ".join(f"'{action.value}'" for action in sorted(RECORDED))})
    """,
)

FREEZES = Proof(
    "a wallet is frozen exactly when the operator log shows it",
    """
    select w.id::text, concat('is ', coalesce('frozen for ' || w.frozen_for || ', ' || w.freeze_reason, 'not frozen'),
        '; the record says ', coalesce(said.freeze || ', ' || said.reason, 'not frozen'))
    from wallets w
    left join (
        select distinct on (wallet_id) wallet_id,
            case action when 'freeze' then facts ->> 'freeze' end as freeze,
            case action when 'freeze' then reason end as reason
        from operator_actions where action in ('freeze', 'unfreeze')
        order by wallet_id, created_at desc, id desc) said on said.wallet_id = w.id
    where (w.frozen_for, w.freeze_reason) is distinct from (said.freeze, said.reason)
    """,
)

FREEZE_ACTS = Proof(
    "each action that freezes or unfreezes a wallet changed its status",
    """
    select id::text, case when wallet_id is null then 'is about no wallet'
        when action = 'unfreeze' then 'unfreezes the wallet ' || wallet_id || ', which was not frozen'
        when what is null then 'does not say what the wallet ' || wallet_id || ' is frozen for'
        else 'freezes the wallet ' || wallet_id || ' for ' || what || ', as it was already' end
    from (
        select id, action, wallet_id, facts ->> 'freeze' as what, lag(action) over said as last_action,
            lag(facts ->> 'freeze') over said as last_what
        from operator_actions where action in ('freeze', 'unfreeze')
        window said as (partition by wallet_id order by created_at, id)) acts
    where wallet_id is null
       or (action = 'unfreeze' and last_action is distinct from 'freeze')
       or (action = 'freeze' and (what is null or (last_action = 'freeze' and last_what = what)))
    """,
)

REVERSALS = Proof(
    "each reversal has one action in the operator log with its amount and time, and each such action has its "
    "reversal; a refund without one was ordered by a customer or books what a bank took back",
    """
    with reversing as (
        select id, wallet_id, transaction_id, created_at, facts ->> 'refund' as refund,
            facts ->> 'currency' as currency, ltrim(replace(facts ->> 'amount', '.', ''), '0') as minor,
            row_number() over (partition by facts ->> 'refund' order by created_at, id) > 1 as repeats
        from operator_actions where action = 'reverse'),
    refunds as (
        select t.*, ordered.id is not null or booked.refund_id is not null as not_an_operators
        from transactions t
        left join bank_return_refunds booked on booked.refund_id = t.id
        left join (
            select distinct r.id from idempotency_keys k cross join unnest(k.result_ids) r(id)
            where k.operation = 'refund') ordered on ordered.id = t.id
        where t.refund_of is not null)
    select coalesce(t.id, a.id)::text, case
        when t.id is null then 'made the refund ' || coalesce(a.refund, 'of no id') || ', which does not exist'
        when a.id is null then 'refunds money, and no customer, operator or bank ordered it'
        when t.not_an_operators then 'was ordered by a customer or a bank, but the act ' || a.id || ' claims it'
        when a.repeats then 'has a second act: ' || a.id
        else 'is not what its act ' || a.id || ' says' end
    from refunds t
    full join reversing a on a.refund = t.id::text
    where t.id is null or (a.id is null) <> t.not_an_operators or a.repeats
       or (not t.not_an_operators
           and (a.transaction_id, a.wallet_id, a.minor, a.currency, a.created_at, t.status) is distinct from (
              t.refund_of, coalesce(t.source_wallet_id, t.destination_wallet_id), t.amount::text, t.currency,
              t.created_at, 'completed'))
    """,
)
"""A refund by a customer always has an idempotency key, and keys are never deleted, so a refund without a key is an
operator's or books a return. Amounts are compared as text, because a manipulated amount may not be a number."""

ROLES = Proof(
    "a user is an operator exactly when the operator log shows it",
    """
    select u.id::text, concat('is ', case u.role when 'operator' then 'an operator' else 'no operator' end,
        '; the record says ', case when said.operator and u.closed_at is null then 'an operator'
            else 'no operator' end)
    from users u
    left join (
        select distinct on (wallet_id) wallet_id, action = 'grant_role' as operator
        from operator_actions where action in ('grant_role', 'revoke_role')
        order by wallet_id, created_at desc, id desc) said on said.wallet_id = u.wallet_id
    where (u.role = 'operator') <> (coalesce(said.operator, false) and u.closed_at is null)
    """,
)

ROLE_ACTS = Proof(
    "each action that grants or revokes a role changed the user's role",
    """
    select id::text, case when wallet_id is null then 'is about nobody'
        when action = 'grant_role' then 'grants a role to the owner of ' || wallet_id || ', who had it'
        else 'revokes a role of the owner of ' || wallet_id || ', who had none' end
    from (
        select id, action, wallet_id, lag(action) over said as last_action
        from operator_actions where action in ('grant_role', 'revoke_role')
        window said as (partition by wallet_id order by created_at, id)) acts
    where wallet_id is null or action = coalesce(last_action, 'revoke_role')
    """,
)

RISK_SETTINGS = Proof(
    "a risk setting has the value that the operator log shows",
    """
    select coalesce(s.name, said.name), 'is ' || coalesce(s.value, 'not set') || '; the record says '
        || coalesce(said.value, 'not set')
    from risk_settings s
    full join (
        select distinct on (facts ->> 'name') facts ->> 'name' as name,
            case action when 'set_risk' then facts ->> 'value' end as value
        from operator_actions where action in ('set_risk', 'clear_risk') and facts ->> 'name' is not null
        order by facts ->> 'name', created_at desc, id desc) said on said.name = s.name
    where s.value is distinct from said.value
    """,
)

RISK_ACTS = Proof(
    "each action on a risk setting records the value before it, and changed the value",
    """
    select id::text, concat('changes ', coalesce(name, 'no setting'), ' from ', coalesce(before, 'not set'), ' to ',
        coalesce(value, 'not set'), '; the act before it left ', coalesce(last_value, 'not set'))
    from (
        select id, action, facts ->> 'name' as name, facts ->> 'value' as value, facts ->> 'before' as before,
            lag(facts ->> 'value') over said as last_value
        from operator_actions where action in ('set_risk', 'clear_risk')
        window said as (partition by facts ->> 'name' order by created_at, id)) acts
    where name is null or before is distinct from last_value or value is not distinct from before
       or (action = 'set_risk') <> (value is not null)
    """,
)

RECOVERIES = Proof(
    "each action that begins a recovery created a code for that customer, and a mail",
    f"""
    select a.id::text, case when a.wallet_id is null then 'is about nobody'
        when a.challenge is null then 'names no code'
        when a.repeats then 'names the code of another act: ' || a.challenge
        when c.id is null then 'made no code'
        when c.user_id <> u.id or c.purpose <> 'reset_password' then 'names a code of something else: ' || c.id
        else 'has no mail' end
    from (
        select id, wallet_id, created_at, facts ->> 'challenge' as challenge,
            row_number() over (partition by facts ->> 'challenge' order by created_at, id) > 1 as repeats
        from operator_actions where action = 'begin_recovery') a
    left join users u on u.wallet_id = a.wallet_id
    left join one_time_challenges c on c.id::text = a.challenge
    left join outgoing_mails m
        on m.user_id = u.id and m.event = 'challenge ' || replace(a.challenge, '-', '')
    cross join lateral (select u.closed_at is null
        and a.created_at > clock_timestamp() - interval '{_KEPT.total_seconds():.0f} seconds' as kept) code
    where a.wallet_id is null or a.challenge is null or a.repeats
       or c.user_id <> u.id or c.purpose <> 'reset_password'
       or (code.kept and (c.id is null or m.event is null))
    """,
)
"""Expired codes are deleted, so an older act may name a code that no longer exists. A customer's own request creates
the same kind of code, so it cannot be proved that each code has an act."""

VERIFIED_EMAILS = Proof(
    "each action that verifies an email address changed an unverified address",
    """
    select a.id::text, case when a.wallet_id is null then 'is about nobody'
        else 'verifies an address of the owner of ' || a.wallet_id || ', which was verified before' end
    from operator_actions a left join users u on u.wallet_id = a.wallet_id
    where a.action = 'verify_email' and (a.wallet_id is null or u.email_verified_at < a.created_at)
    """,
)
"""After the act the address may change, or another user may verify it. It is then unverified, or verified later than
the act."""

ENDED_SESSIONS = Proof(
    "each action that ends the sessions of a customer ended all of them",
    """
    select id::text, 'is about nobody' from operator_actions where action = 'end_sessions' and wallet_id is null
    union all
    select a.id::text, count(*) || ' sessions of the owner of ' || a.wallet_id || ' went on'
    from operator_actions a
    join users u on u.wallet_id = a.wallet_id
    join sessions s on s.user_id = u.id and s.created_at < a.created_at
    where a.action = 'end_sessions' and s.expires_at > a.created_at
      and (s.revoked_at is null or s.revoked_at > a.created_at)
    group by a.id, a.wallet_id
    """,
)

ACCESS = (RECOVERIES, VERIFIED_EMAILS, ENDED_SESSIONS)

PROOFS = (KNOWN, FREEZES, FREEZE_ACTS, REVERSALS, ROLES, ROLE_ACTS, RISK_SETTINGS, RISK_ACTS, *ACCESS)
