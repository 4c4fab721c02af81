"""Damage to operators' actions and to their record, made as the owner of the tables.

The names of the actions begin with `act_`: see `operators_of_the_town.py`.
"""

from pocketpay.operator_log.repository.act_proofs import (
    ENDED_SESSIONS,
    FREEZE_ACTS,
    FREEZES,
    KNOWN,
    RECOVERIES,
    REVERSALS,
    RISK_ACTS,
    RISK_SETTINGS,
    ROLE_ACTS,
    ROLES,
    VERIFIED_EMAILS,
)
from tests.operations.damage import NEW, OTHER, Damage, unguarded

ACT = "insert into operator_actions (id, operator, action, wallet_id, reason, facts, created_at) values"
STOLEN = (
    "update wallets set status = 'frozen', frozen_for = 'all', freeze_reason = 'stolen phone' where id = '{dan}';"
)
FREEZE = f"{ACT} ('{NEW}', 'ops', 'freeze', '{{dan}}', 'stolen phone', '{{{{\"freeze\": \"all\"}}}}', now())"
REVERSE = (
    "insert into operator_actions (id, operator, action, wallet_id, transaction_id, reason, facts, created_at) "
    "select '{act}', 'ops', 'reverse', wallet_id, transaction_id, 'again', {facts}, created_at "
    "from operator_actions where id = '{{act_reversed}}'"
)
WINDOW = "rapid_transfer_window_minutes"


def _act(action: str, whose: str, facts: str = "{{}}", id: str = NEW) -> str:
    """SQL that records an action on that wallet which no operator did."""
    wallet = "null" if whose == "null" else f"'{{{whose}}}'"
    return f"{ACT} ('{id}', 'ops', '{action}', {wallet}, 'no reason', '{facts}', now());"


def _facts(act: str, **facts: str) -> str:
    """SQL that changes the recorded facts of that action."""
    said = ", ".join(f"'{name}', {value}" for name, value in facts.items())
    return f"update operator_actions set facts = facts || jsonb_build_object({said}) where id = '{{{act}}}'"


_FREEZES = (
    Damage(
        "a wallet frozen by nobody",
        STOLEN,
        {FREEZES: {"{dan}"}},
    ),
    Damage(
        "a frozen wallet let go by nobody",
        FREEZE,
        {FREEZES: {"{dan}"}},
    ),
    Damage(
        "a wallet frozen for another reason than was given",
        f"{STOLEN.replace('stolen phone', 'no reason')} {FREEZE}",
        {FREEZES: {"{dan}"}},
    ),
    Damage(
        "a wallet frozen for less than was said",
        "update wallets set frozen_for = 'all' where id = '{frank}'",
        {FREEZES: {"{frank}"}},
    ),
    Damage(
        "a wallet frozen on after it was let go",
        f"{STOLEN} {FREEZE}, ('{OTHER}', 'ops', 'unfreeze', '{{dan}}', 'phone found', '{{{{}}}}', "
        "now() + interval '1 second')",
        {FREEZES: {"{dan}"}},
    ),
    unguarded(
        "a freeze whose act is gone",
        "delete from operator_actions where id = '{act_frozen_again}'",
        {FREEZES: {"{frank}"}},
    ),
    unguarded(
        "a wallet unfrozen in the past that was never frozen",
        "delete from operator_actions where id in ('{act_frozen}', '{act_frozen_for_all}')",
        {FREEZE_ACTS: {"{act_unfrozen}"}},
    ),
    Damage(
        "an act that lets go a wallet that was not frozen",
        _act("unfreeze", "dan"),
        {FREEZE_ACTS: {NEW}},
    ),
    Damage(
        "an act that freezes a wallet as it is frozen already",
        _act("freeze", "frank", '{{"freeze": "debits"}}').replace("no reason", "act_frozen_again"),
        {FREEZE_ACTS: {NEW}},
    ),
    Damage(
        "an act that freezes a wallet for nothing",
        _act("freeze", "dan"),
        {FREEZES: {"{dan}"}, FREEZE_ACTS: {NEW}},
    ),
    Damage(
        "an act that freezes no wallet",
        _act("freeze", "null", '{{"freeze": "all"}}'),
        {FREEZE_ACTS: {NEW}},
    ),
)

_REVERSALS = (
    unguarded(
        "a reversal whose act is gone",
        "delete from operator_actions where id = '{act_reversed}'",
        {REVERSALS: {"{reversed}"}},
    ),
    unguarded(
        "a reversal of a part whose act is gone",
        "delete from operator_actions where id = '{act_returned}'",
        {REVERSALS: {"{returned}"}},
    ),
    Damage(
        "a customer's refund whose key is gone",
        "delete from idempotency_keys where key = 'key-of-partly'",
        {REVERSALS: {"{partly}"}},
    ),
    unguarded(
        "an act that reversed nothing",
        REVERSE.format(act=NEW, facts=f"facts || jsonb_build_object('refund', '{OTHER}')"),
        {REVERSALS: {NEW}},
    ),
    Damage(
        "an act that does not say what it made",
        REVERSE.format(act=NEW, facts="'{{}}'"),
        {REVERSALS: {NEW}},
    ),
    Damage(
        "an act that claims a customer's refund",
        REVERSE.format(act=NEW, facts="facts || jsonb_build_object('refund', '{partly}')"),
        {REVERSALS: {"{partly}"}},
    ),
    Damage(
        "a reversal with two acts",
        REVERSE.format(act=NEW, facts="facts"),
        {REVERSALS: {"{reversed}"}},
    ),
    *(
        unguarded(f"a reversal whose act says another {what}", sql, {REVERSALS: {"{returned}"}})
        for what, sql in (
            ("amount", _facts("act_returned", amount="'10.01'")),
            ("amount, which is none", _facts("act_returned", amount="'all of it'")),
            ("currency", _facts("act_returned", currency="'EUR'")),
            (
                "original",
                "update operator_actions set transaction_id = '{bobs_deposit}' where id = '{act_returned}'",
            ),
            ("wallet", "update operator_actions set wallet_id = '{bob}' where id = '{act_returned}'"),
            (
                "moment",
                "update operator_actions set created_at = created_at + interval '1 second' "
                "where id = '{act_returned}'",
            ),
        )
    ),
)

_ROLES = (
    Damage(
        "an operator by nobody's act",
        "update users set role = 'operator' where wallet_id = '{dan}'",
        {ROLES: {"{dan_user}"}},
    ),
    Damage(
        "an operator who is a member by nobody's act",
        "update users set role = 'member' where wallet_id = '{erin}'",
        {ROLES: {"{erin_user}"}},
    ),
    Damage(
        "an act that grants what nobody got",
        _act("grant_role", "dan"),
        {ROLES: {"{dan_user}"}},
    ),
    unguarded(
        "an operator whose act is gone",
        "delete from operator_actions where id = '{act_granted_again}'",
        {ROLES: {"{erin_user}"}},
    ),
    unguarded(
        "a role granted twice, since the act between them is gone",
        "delete from operator_actions where id = '{act_revoked}'",
        {ROLE_ACTS: {"{act_granted_again}"}},
    ),
    Damage(
        "an act that grants an operator the role",
        _act("grant_role", "erin"),
        {ROLE_ACTS: {NEW}},
    ),
    Damage(
        "an act that revokes a member's role",
        _act("revoke_role", "dan"),
        {ROLE_ACTS: {NEW}},
    ),
    Damage(
        "an act that grants a role to nobody",
        _act("grant_role", "null"),
        {ROLE_ACTS: {NEW}},
    ),
)

_RISK = (
    Damage(
        "a setting of risk that nobody set",
        "insert into risk_settings values ('rapid_transfer_action', 'off', now())",
        {RISK_SETTINGS: {"rapid_transfer_action"}},
    ),
    Damage(
        "a setting of risk that nobody cleared",
        f"delete from risk_settings where name = '{WINDOW}'",
        {RISK_SETTINGS: {WINDOW}},
    ),
    Damage(
        "a setting of risk with another value than was set",
        f"update risk_settings set value = '60' where name = '{WINDOW}'",
        {RISK_SETTINGS: {WINDOW}},
    ),
    Damage(
        "a setting of risk that was cleared and is set again by nobody",
        "insert into risk_settings values ('rapid_transfer_count', '9', now())",
        {RISK_SETTINGS: {"rapid_transfer_count"}},
    ),
    unguarded(
        "a setting of risk whose act is gone",
        "delete from operator_actions where id = '{act_set_again}'",
        {RISK_SETTINGS: {WINDOW}},
    ),
    unguarded(
        "an act gone from the middle of a setting's past",
        "delete from operator_actions where id = '{act_set}'",
        {RISK_ACTS: {"{act_set_again}"}},
    ),
    unguarded(
        "an act that says another value than was before",
        _facts("act_set_again", before="'6'"),
        {RISK_ACTS: {"{act_set_again}"}},
    ),
    Damage(
        "an act that sets what is set",
        _act("set_risk", "null", f'{{{{"name": "{WINDOW}", "value": "7", "before": "7"}}}}'),
        {RISK_ACTS: {NEW}},
    ),
    Damage(
        "an act that sets nothing",
        _act("set_risk", "null"),
        {RISK_ACTS: {NEW}},
    ),
    Damage(
        "an act that clears, and says a value",
        _act("clear_risk", "null", f'{{{{"name": "{WINDOW}", "value": "8", "before": "7"}}}}'),
        {RISK_SETTINGS: {WINDOW}, RISK_ACTS: {NEW}},
    ),
)

CODE = "(select (facts ->> 'challenge')::uuid from operator_actions where id = '{act_recovered}')"

_RECOVERIES = (
    Damage(
        "a recovery whose code is gone",
        f"delete from one_time_challenges where id = {CODE}",
        {RECOVERIES: {"{act_recovered}"}},
    ),
    Damage(
        "a recovery whose mail is gone",
        "delete from outgoing_mails where user_id = '{frank_user}'",
        {RECOVERIES: {"{act_recovered}"}},
    ),
    Damage(
        "a recovery whose code is another user's",
        f"update one_time_challenges set user_id = '{{bob_user}}' where id = {CODE}",
        {RECOVERIES: {"{act_recovered}"}},
    ),
    Damage(
        "a recovery whose code is for something else",
        f"update one_time_challenges set purpose = 'verify_email' where id = {CODE}",
        {RECOVERIES: {"{act_recovered}"}},
    ),
    Damage(
        "an act that claims the code of another",
        "insert into operator_actions (id, operator, action, wallet_id, reason, facts, created_at) "
        f"select '{NEW}', 'ops', action, wallet_id, 'again', facts, now() from operator_actions "
        "where id = '{act_recovered}'",
        {RECOVERIES: {NEW}},
    ),
    Damage(
        "an act that begins a recovery and names no code",
        _act("begin_recovery", "dan"),
        {RECOVERIES: {NEW}},
    ),
    Damage(
        "an act that begins a recovery of nobody",
        _act("begin_recovery", "null"),
        {RECOVERIES: {NEW}},
    ),
)

_VERIFIED_EMAILS = (
    Damage(
        "an act that verifies an address that was verified",
        _act("verify_email", "frank"),
        {VERIFIED_EMAILS: {NEW}},
    ),
    Damage(
        "an act that verifies nobody's address",
        _act("verify_email", "null"),
        {VERIFIED_EMAILS: {NEW}},
    ),
)

_ENDED_SESSIONS = (
    Damage(
        "a session that was ended and is alive again",
        "update sessions set revoked_at = null where user_id = '{frank_user}'",
        {ENDED_SESSIONS: {"{act_ended}"}},
    ),
    Damage(
        "a session that ended only after the act",
        "update sessions set revoked_at = now() where user_id = '{frank_user}'",
        {ENDED_SESSIONS: {"{act_ended}"}},
    ),
    Damage(
        "an act that ends the sessions of a customer who stays signed in",
        _act("end_sessions", "frank"),
        {ENDED_SESSIONS: {NEW}},
    ),
    Damage(
        "an act that ends nobody's sessions",
        _act("end_sessions", "null"),
        {ENDED_SESSIONS: {NEW}},
    ),
)

ACTS = (
    *(*_FREEZES, *_REVERSALS, *_ROLES, *_RISK, *_RECOVERIES, *_VERIFIED_EMAILS, *_ENDED_SESSIONS),
    Damage(
        "an act of a kind that nobody knows",
        _act("forgive", "dan"),
        {KNOWN: {NEW}},
    ),
)
