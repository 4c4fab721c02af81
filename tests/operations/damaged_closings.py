"""Damage to closed wallets and closed users, made as the owner of the tables. Gina has closed her wallet."""

from pocketpay.ledger.repository.proofs import PROJECTION
from pocketpay.operator_log.repository.act_proofs import ROLES
from pocketpay.transactions.repository.closed_proofs import CLOSED_ACCOUNTS, EMPTY
from pocketpay.transactions.repository.proofs import HOLDS, USAGE
from tests.operations.damage import INTENT, NEW, Damage, unguarded

LONG_AGO = "update wallets set updated_at = updated_at - interval '2 hours' where id = '{gina}';"
ASKED_BEFORE = "update money_requests set created_at = created_at - interval '3 hours' where id = '{ginas_request}'"
SESSION = "insert into sessions (id, user_id, created_at, last_used_at, expires_at)"

CLOSINGS = (
    Damage(
        "a closed wallet with a balance",
        "update ledger_accounts set posted = 1 where id = '{gina}'",
        {EMPTY: {"{gina}"}, PROJECTION: {"{gina}"}},
    ),
    Damage(
        "a closed wallet with a hold",
        "update ledger_accounts set posted = 1, held = 1 where id = '{gina}'",
        {EMPTY: {"{gina}"}, PROJECTION: {"{gina}"}, HOLDS: {"{gina}"}},
    ),
    Damage(
        "a wallet with a balance marked as closed",
        "update wallets set status = 'closed' where id = '{dan}';"
        "update users set closed_at = now() where wallet_id = '{dan}'",
        {EMPTY: {"{dan}"}},
    ),
    Damage(
        "a pending deposit to a closed wallet",
        f"{INTENT[:-1]}, ask_again_at) values ('{NEW}', 'deposit', 'created', 'USD', null, '{{gina}}', 1, 0, '', "
        "'[]', 1, '{hour}:00Z', '{hour}:00Z', null, now())",
        {EMPTY: {NEW}, USAGE: {"{gina} deposit {hour}Z"}},
    ),
    unguarded(
        "an active card of a closed wallet",
        "update cards set status = 'active' where id = '{ginas_card}'",
        {EMPTY: {"{ginas_card}"}},
    ),
    unguarded(
        "a frozen card of a closed wallet",
        "update cards set status = 'frozen' where id = '{ginas_card}'",
        {EMPTY: {"{ginas_card}"}},
    ),
    Damage(
        "a request made by a closed wallet",
        "update wallets set updated_at = updated_at - interval '1 minute' where id = '{gina}'",
        {EMPTY: {"{ginas_request}"}},
    ),
    Damage(
        "a pending request of a closed wallet after later payments",
        f"{LONG_AGO} {ASKED_BEFORE}",
        {EMPTY: {"{ginas_request}"}},
    ),
    unguarded(
        "a pending request to a closed wallet after later payments",
        f"{LONG_AGO} {ASKED_BEFORE}; update money_requests set payer_wallet_id = '{{gina}}', requester_wallet_id = "
        "'{bob}' where id = '{ginas_request}'; delete from idempotency_keys where key = 'key-of-ginas_request'",
        {EMPTY: {"{ginas_request}"}},
    ),
    Damage(
        "a closed wallet whose user is not closed",
        "update users set closed_at = null where wallet_id = '{gina}'",
        {CLOSED_ACCOUNTS: {"{gina_user}"}, ROLES: {"{gina_user}"}},
    ),
    Damage(
        "a closed wallet that is active again",
        "update wallets set status = 'active' where id = '{gina}'",
        {CLOSED_ACCOUNTS: {"{gina_user}"}},
    ),
    Damage(
        "a closed user whose wallet is open",
        "update users set closed_at = now() where wallet_id = '{dan}'",
        {CLOSED_ACCOUNTS: {"{dan_user}"}},
    ),
    Damage(
        "a closed user with the operator role",
        "update users set role = 'operator' where wallet_id = '{gina}'",
        {ROLES: {"{gina_user}"}},
    ),
    Damage(
        "a session that did not end with the wallet",
        "update sessions set revoked_at = null where user_id = '{gina_user}'",
        {CLOSED_ACCOUNTS: {"{gina_user}"}},
    ),
    Damage(
        "an open session of a closed user",
        f"{SESSION} values ('{NEW}', '{{gina_user}}', now(), now(), now() + interval '1 day')",
        {CLOSED_ACCOUNTS: {"{gina_user}"}},
    ),
)
