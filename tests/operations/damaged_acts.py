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
        "a frozen wallet without a recorded freeze",
        STOLEN,
        {FREEZES: {"{dan}"}},
    ),
    Damage(
        "an unfrozen wallet without a recorded unfreeze",
        FREEZE,
        {FREEZES: {"{dan}"}},
    ),
    Damage(
        "a wallet frozen with another reason than recorded",
        f"{STOLEN.replace('stolen phone', 'no reason')} {FREEZE}",
        {FREEZES: {"{dan}"}},
    ),
    Damage(
        "a wallet frozen for less than recorded",
        "update wallets set frozen_for = 'all' where id = '{frank}'",
        {FREEZES: {"{frank}"}},
    ),
    Damage(
        "a wallet still frozen after a recorded unfreeze",
        f"{STOLEN} {FREEZE}, ('{OTHER}', 'ops', 'unfreeze', '{{dan}}', 'phone found', '{{{{}}}}', "
        "now() + interval '1 second')",
        {FREEZES: {"{dan}"}},
    ),
    unguarded(
        "a freeze whose record is missing",
        "delete from operator_actions where id = '{act_frozen_again}'",
        {FREEZES: {"{frank}"}},
    ),
    unguarded(
        "a recorded unfreeze without a recorded freeze",
        "delete from operator_actions where id in ('{act_frozen}', '{act_frozen_for_all}')",
        {FREEZE_ACTS: {"{act_unfrozen}"}},
    ),
    Damage(
        "a recorded unfreeze of a wallet that was not frozen",
        _act("unfreeze", "dan"),
        {FREEZE_ACTS: {NEW}},
    ),
    Damage(
        "a recorded freeze that changed nothing",
        _act("freeze", "frank", '{{"freeze": "debits"}}').replace("no reason", "act_frozen_again"),
        {FREEZE_ACTS: {NEW}},
    ),
    Damage(
        "a recorded freeze without a scope",
        _act("freeze", "dan"),
        {FREEZES: {"{dan}"}, FREEZE_ACTS: {NEW}},
    ),
    Damage(
        "a recorded freeze without a wallet",
        _act("freeze", "null", '{{"freeze": "all"}}'),
        {FREEZE_ACTS: {NEW}},
    ),
)

_REVERSALS = (
    unguarded(
        "a reversal whose record is missing",
        "delete from operator_actions where id = '{act_reversed}'",
        {REVERSALS: {"{reversed}"}},
    ),
    unguarded(
        "a partial reversal whose record is missing",
        "delete from operator_actions where id = '{act_returned}'",
        {REVERSALS: {"{returned}"}},
    ),
    Damage(
        "a customer's refund whose key is missing",
        "delete from idempotency_keys where key = 'key-of-partly'",
        {REVERSALS: {"{partly}"}},
    ),
    unguarded(
        "a recorded reversal without a refund",
        REVERSE.format(act=NEW, facts=f"facts || jsonb_build_object('refund', '{OTHER}')"),
        {REVERSALS: {NEW}},
    ),
    Damage(
        "a recorded reversal that names no refund",
        REVERSE.format(act=NEW, facts="'{{}}'"),
        {REVERSALS: {NEW}},
    ),
    Damage(
        "a recorded reversal that names a customer's refund",
        REVERSE.format(act=NEW, facts="facts || jsonb_build_object('refund', '{partly}')"),
        {REVERSALS: {"{partly}"}},
    ),
    Damage(
        "a reversal with two records",
        REVERSE.format(act=NEW, facts="facts"),
        {REVERSALS: {"{reversed}"}},
    ),
    *(
        unguarded(f"a reversal whose record has another {what}", sql, {REVERSALS: {"{returned}"}})
        for what, sql in (
            ("amount", _facts("act_returned", amount="'10.01'")),
            ("amount (not a number)", _facts("act_returned", amount="'all of it'")),
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
        "an operator without a recorded grant",
        "update users set role = 'operator' where wallet_id = '{dan}'",
        {ROLES: {"{dan_user}"}},
    ),
    Damage(
        "a former operator without a recorded revocation",
        "update users set role = 'member' where wallet_id = '{erin}'",
        {ROLES: {"{erin_user}"}},
    ),
    Damage(
        "a recorded grant without a role",
        _act("grant_role", "dan"),
        {ROLES: {"{dan_user}"}},
    ),
    unguarded(
        "an operator whose record is missing",
        "delete from operator_actions where id = '{act_granted_again}'",
        {ROLES: {"{erin_user}"}},
    ),
    unguarded(
        "a role granted twice without a revocation between",
        "delete from operator_actions where id = '{act_revoked}'",
        {ROLE_ACTS: {"{act_granted_again}"}},
    ),
    Damage(
        "a recorded grant to an operator",
        _act("grant_role", "erin"),
        {ROLE_ACTS: {NEW}},
    ),
    Damage(
        "a recorded revocation from a member",
        _act("revoke_role", "dan"),
        {ROLE_ACTS: {NEW}},
    ),
    Damage(
        "a recorded grant without a user",
        _act("grant_role", "null"),
        {ROLE_ACTS: {NEW}},
    ),
)

_RISK = (
    Damage(
        "a risk setting without a record",
        "insert into risk_settings values ('rapid_transfer_action', 'off', now())",
        {RISK_SETTINGS: {"rapid_transfer_action"}},
    ),
    Damage(
        "a cleared risk setting without a record",
        f"delete from risk_settings where name = '{WINDOW}'",
        {RISK_SETTINGS: {WINDOW}},
    ),
    Damage(
        "a risk setting with another value than recorded",
        f"update risk_settings set value = '60' where name = '{WINDOW}'",
        {RISK_SETTINGS: {WINDOW}},
    ),
    Damage(
        "a risk setting that exists after a recorded clearing",
        "insert into risk_settings values ('rapid_transfer_count', '9', now())",
        {RISK_SETTINGS: {"rapid_transfer_count"}},
    ),
    unguarded(
        "a risk setting whose record is missing",
        "delete from operator_actions where id = '{act_set_again}'",
        {RISK_SETTINGS: {WINDOW}},
    ),
    unguarded(
        "a record missing from the middle of a setting's history",
        "delete from operator_actions where id = '{act_set}'",
        {RISK_ACTS: {"{act_set_again}"}},
    ),
    unguarded(
        "a record with another previous value",
        _facts("act_set_again", before="'6'"),
        {RISK_ACTS: {"{act_set_again}"}},
    ),
    Damage(
        "a recorded setting of the same value",
        _act("set_risk", "null", f'{{{{"name": "{WINDOW}", "value": "7", "before": "7"}}}}'),
        {RISK_ACTS: {NEW}},
    ),
    Damage(
        "a recorded setting without a value",
        _act("set_risk", "null"),
        {RISK_ACTS: {NEW}},
    ),
    Damage(
        "a recorded clearing with a value",
        _act("clear_risk", "null", f'{{{{"name": "{WINDOW}", "value": "8", "before": "7"}}}}'),
        {RISK_SETTINGS: {WINDOW}, RISK_ACTS: {NEW}},
    ),
)

CODE = "(select (facts ->> 'challenge')::uuid from operator_actions where id = '{act_recovered}')"

_RECOVERIES = (
    Damage(
        "a recovery whose code is missing",
        f"delete from one_time_challenges where id = {CODE}",
        {RECOVERIES: {"{act_recovered}"}},
    ),
    Damage(
        "a recovery whose mail is missing",
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
        "a recorded recovery with another user's code",
        "insert into operator_actions (id, operator, action, wallet_id, reason, facts, created_at) "
        f"select '{NEW}', 'ops', action, wallet_id, 'again', facts, now() from operator_actions "
        "where id = '{act_recovered}'",
        {RECOVERIES: {NEW}},
    ),
    Damage(
        "a recorded recovery without a code",
        _act("begin_recovery", "dan"),
        {RECOVERIES: {NEW}},
    ),
    Damage(
        "a recorded recovery without a customer",
        _act("begin_recovery", "null"),
        {RECOVERIES: {NEW}},
    ),
)

_VERIFIED_EMAILS = (
    Damage(
        "a recorded verification of a verified address",
        _act("verify_email", "frank"),
        {VERIFIED_EMAILS: {NEW}},
    ),
    Damage(
        "a recorded verification without a customer",
        _act("verify_email", "null"),
        {VERIFIED_EMAILS: {NEW}},
    ),
)

_ENDED_SESSIONS = (
    Damage(
        "an ended session that is open again",
        "update sessions set revoked_at = null where user_id = '{frank_user}'",
        {ENDED_SESSIONS: {"{act_ended}"}},
    ),
    Damage(
        "a session that ended after the recorded end",
        "update sessions set revoked_at = now() where user_id = '{frank_user}'",
        {ENDED_SESSIONS: {"{act_ended}"}},
    ),
    Damage(
        "a recorded end of sessions that are still open",
        _act("end_sessions", "frank"),
        {ENDED_SESSIONS: {NEW}},
    ),
    Damage(
        "a recorded end of sessions without a customer",
        _act("end_sessions", "null"),
        {ENDED_SESSIONS: {NEW}},
    ),
)

ACTS = (
    *(*_FREEZES, *_REVERSALS, *_ROLES, *_RISK, *_RECOVERIES, *_VERIFIED_EMAILS, *_ENDED_SESSIONS),
    Damage(
        "a record of an unknown action",
        _act("forgive", "dan"),
        {KNOWN: {NEW}},
    ),
)
