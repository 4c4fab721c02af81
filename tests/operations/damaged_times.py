"""Times in the future, as a database with a wrong clock writes them."""

from pocketpay.ledger.repository.proofs import LAST_CHANGE
from pocketpay.operations.stamps import NOT_IN_THE_FUTURE
from pocketpay.operator_log.repository.act_proofs import ROLE_ACTS
from tests.operations.damage import Damage, unguarded

SOON = "now() + interval '1 hour'"
MONTH = "(date_trunc('month', now() at time zone 'UTC') + interval '1 month')::date"

TIMES = (
    Damage(
        "an account changed in the future",
        f"update ledger_accounts set updated_at = {SOON} where id = '{{dan}}'",
        {NOT_IN_THE_FUTURE: {"{dan}"}},
    ),
    Damage(
        "a house account changed in the future",
        f"update ledger_accounts set updated_at = {SOON} where id = '{{bank}}'",
        {NOT_IN_THE_FUTURE: {"{bank}"}},
    ),
    unguarded(
        "entries in the future",
        f"update ledger_entries set created_at = {SOON} where transaction_id = '{{last}}'",
        {NOT_IN_THE_FUTURE: {"{last_bob}", "{last_carol}"}, LAST_CHANGE: {"{bob}", "{carol}"}},
    ),
    Damage(
        "a transaction completed in the future",
        f"update transactions set updated_at = {SOON}, completed_at = {SOON} where id = '{{sent}}'",
        {NOT_IN_THE_FUTURE: {"{sent}"}},
    ),
    Damage(
        "an uncompleted transaction changed in the future",
        f"update transactions set updated_at = {SOON} where id = '{{failed}}'",
        {NOT_IN_THE_FUTURE: {"{failed}"}},
    ),
    Damage(
        "a wallet frozen in the future",
        f"update wallets set updated_at = {SOON} where id = '{{dan}}'",
        {NOT_IN_THE_FUTURE: {"{dan}"}},
    ),
    Damage(
        "a money request in the future",
        f"update money_requests set created_at = {SOON}, updated_at = {SOON} where id = '{{asked}}'",
        {NOT_IN_THE_FUTURE: {"{asked}"}},
    ),
    Damage(
        "a card changed in the future",
        f"update cards set updated_at = {SOON} where id = '{{closed_card}}'",
        {NOT_IN_THE_FUTURE: {"{closed_card}"}},
    ),
    Damage(
        "a card in a month that has not begun",
        f"update cards set spent_in = {MONTH} where id = '{{closed_card}}'",
        {NOT_IN_THE_FUTURE: {"{closed_card}"}},
    ),
    unguarded(
        "a key in the future",
        f"update idempotency_keys set created_at = {SOON} where key = 'key-of-sent'",
        {NOT_IN_THE_FUTURE: {"{alice} key-of-sent"}},
    ),
    Damage(
        "usage of an hour that has not begun",
        "insert into wallet_usage values ('{dan}', 'transfer', '2999-01-01T12:00Z', 0)",
        {NOT_IN_THE_FUTURE: {"{dan} transfer 2999-01-01T12Z"}},
    ),
    unguarded(
        "an operator's action in the future",
        "insert into operator_actions (id, operator, action, reason, facts, created_at) values "
        f"('{{asked}}', 'ops', 'grant_role', 'joins us', '{{{{}}}}', {SOON})",
        {NOT_IN_THE_FUTURE: {"{asked}"}, ROLE_ACTS: {"{asked}"}},
    ),
)
