"""Damage to transactions, holds, keys and wallets, made as the owner of the tables."""

from pocketpay.ledger.repository.proofs import CONSERVATION
from pocketpay.operations.guards import CONSTRAINED
from pocketpay.transactions.repository.proofs import CURRENCIES, HOLDS, KEYS, LEGS, ONE_BONUS, OWNERS, TIMES, USAGE
from tests.operations.damage import ENTRY, INTENT, MOST, NEW, OTHER, Damage, unguarded, without

HOUR = "wallet_id = '{alice}' and kind = 'transfer' and hour = '{hour}:00Z'"
USED = "{alice} transfer {hour}Z"
"""The row of `wallet_usage` with Alice's payments in the hour of the town's payments."""

PAYMENTS = (
    Damage(
        "a hold without a held payment",
        "update ledger_accounts set held = held + 1 where id = '{dan}'",
        {HOLDS: {"{dan}"}},
    ),
    Damage(
        "a hold released too early",
        "update ledger_accounts set held = 0 where id = '{alice}'",
        {HOLDS: {"{alice}"}},
    ),
    Damage(
        "an expired payment whose hold remains",
        "update transactions set status = 'expired' where id = '{pending}'",
        {HOLDS: {"{alice}"}, USAGE: {USED}},
    ),
    without(
        "ck_transactions_fee_in_range",
        "a held payment with a fee beyond 64 bits",
        f"update transactions set fee = {MOST} where id = '{{pending}}'",
        {HOLDS: {"{alice}"}},
    ),
    Damage(
        "a pending withdrawal without its hold",
        "update ledger_accounts set held = 0 where id = '{carol}'",
        {HOLDS: {"{carol}"}},
    ),
    Damage(
        "a pending withdrawal whose fee is not held",
        "update ledger_accounts set held = 200 where id = '{carol}'",
        {HOLDS: {"{carol}"}},
    ),
    unguarded(
        "a withdrawal with another fee than posted",
        "update transactions set fee = fee + 1 where id = '{withdrawn}'",
        {LEGS: {"{withdrawn}"}},
    ),
    unguarded(
        "a withdrawal whose fee was posted to the bank",
        "update ledger_entries set amount = -(select amount from ledger_entries where id = '{withdrawn_bob}') "
        "where id = '{withdrawn_bank}'; delete from ledger_entries where id = '{withdrawn_fees}'",
        {LEGS: {"{withdrawn}"}},
    ),
    Damage(
        "an hour with too much usage",
        f"update wallet_usage set amount = amount + 1 where {HOUR}",
        {USAGE: {USED}},
    ),
    Damage(
        "a missing hour of usage",
        f"delete from wallet_usage where {HOUR}",
        {USAGE: {USED}},
    ),
    Damage(
        "usage in an hour without payments",
        "insert into wallet_usage values ('{dan}', 'withdrawal', '{hour}:00Z', 1)",
        {USAGE: {"{dan} withdrawal {hour}Z"}},
    ),
    without(
        "ck_wallet_usage_amount_not_negative",
        "an hour with negative usage",
        f"update wallet_usage set amount = -1 where {HOUR}",
        {USAGE: {USED}},
    ),
    unguarded(
        "a completed payment with another amount",
        "update transactions set amount = amount + 1 where id = '{sent}'",
        {LEGS: {"{sent}"}, USAGE: {USED}},
    ),
    without(
        "ck_transactions_fee_in_range",
        "a completed payment with a fee beyond 64 bits",
        f"update transactions set fee = {MOST} where id = '{{sent}}'",
        {LEGS: {"{sent}"}},
    ),
    without(
        "ck_transactions_amount_in_range",
        "a deposit that debits the wallet",
        "update transactions set amount = -amount where id = '{carols_deposit}'",
        {LEGS: {"{carols_deposit}"}, USAGE: {"{carol} deposit {hour}Z"}},
    ),
    unguarded(
        "a completed payment to another wallet",
        "update transactions set destination_wallet_id = '{carol}' where id = '{sent}'",
        {LEGS: {"{sent}"}},
    ),
    Damage(
        "a completed payment without entries",
        f"{INTENT} values ('{NEW}', 'send', 'completed', 'USD', '{{alice}}', '{{bob}}', 1, 0, '', '[]', 1, now(), "
        "now(), now())",
        {LEGS: {NEW}, USAGE: {USED}},
    ),
    unguarded(
        "entries of a failed payment",
        "update transactions set status = 'failed', failure_code = 'RISK_BLOCKED', completed_at = null "
        "where id = '{sent}'",
        {LEGS: {"{sent}"}, USAGE: {USED}},
    ),
    unguarded(
        "entries without their transaction",
        "delete from transactions where id = '{bonus}'",
        {LEGS: {"{bonus}"}},
    ),
    Damage(
        "two balanced entries without a payment",
        "with moved as (update ledger_accounts set posted = posted + case id when '{carol}' then -100 else 100 end, "
        "sequence = sequence + 1, version = version + 1, updated_at = now() where id in ('{carol}', '{dan}') "
        "returning *) "
        f"{ENTRY} select case id when '{{carol}}' then '{NEW}'::uuid else '{OTHER}' end, id, '{{sent}}', "
        "case id when '{carol}' then -100 else 100 end, 'USD', 'wallet', sequence, posted, '', now() from moved",
        {LEGS: {"{sent}"}},
    ),
    unguarded(
        "a failed payment in another currency than its wallets",
        "update transactions set currency = 'EUR' where id = '{failed}'",
        {CURRENCIES: {"{failed}"}},
    ),
    unguarded(
        "a payment whose source does not exist",
        f"update transactions set source_wallet_id = '{NEW}' where id = '{{failed}}'",
        {CURRENCIES: {"{failed}"}, KEYS: {"{carol} key-of-failed"}},
    ),
    unguarded(
        "a payment whose destination does not exist",
        f"update transactions set destination_wallet_id = '{NEW}' where id = '{{failed}}'",
        {CURRENCIES: {"{failed}"}},
    ),
    unguarded(
        "a deposit to a wallet that does not exist",
        f"{INTENT} values ('{NEW}', 'deposit', 'cancelled', 'USD', null, '{OTHER}', 1, 0, '', '[]', 1, now(), now(), "
        "null)",
        {CURRENCIES: {NEW}},
    ),
    unguarded(
        "transactions whose wallet is missing",
        "delete from wallets where id = '{dan}'",
        {CURRENCIES: {"{bonus}"}, OWNERS: {"{dan}"}},
    ),
    unguarded(
        "entries of a transaction that does not exist",
        f"update ledger_entries set transaction_id = '{NEW}' where transaction_id = '{{last}}'",
        {LEGS: {"{last}", NEW}},
    ),
    unguarded(
        "entries in another currency than their transaction",
        "update transactions set currency = 'EUR' where id = '{last}'",
        {LEGS: {"{last}"}, CURRENCIES: {"{last}"}},
    ),
    Damage(
        "entries in a table that inherits",
        "create table more_entries () inherits (ledger_entries);"
        f"insert into more_entries values ('{NEW}', '{{bank}}', '{OTHER}', 1, 'USD', 'bank', null, null, '', now())",
        {CONSERVATION: {OTHER}, LEGS: {OTHER}},
    ),
    Damage(
        "a transaction changed before its creation",
        "update transactions set updated_at = created_at - interval '1 second' where id = '{failed}'",
        {TIMES: {"{failed}"}},
    ),
    Damage(
        "a transaction completed before its creation",
        "update transactions set completed_at = created_at - interval '1 second' where id = '{sent}'",
        {TIMES: {"{sent}"}},
    ),
    Damage(
        "a transaction completed after its last change",
        "update transactions set completed_at = updated_at + interval '1 second' where id = '{sent}'",
        {TIMES: {"{sent}"}},
    ),
    unguarded(
        "a key with another wallet's transaction",
        "update idempotency_keys set result_ids = array['{last}'::uuid] where key = 'key-of-sent'",
        {KEYS: {"{alice} key-of-sent"}},
    ),
    unguarded(
        "a key without a result",
        "update idempotency_keys set result_ids = '{{}}' where key = 'key-of-sent'",
        {KEYS: {"{alice} key-of-sent"}},
    ),
    unguarded(
        "a key whose result does not exist",
        f"update idempotency_keys set result_ids = result_ids || '{NEW}'::uuid where key = 'key-of-sent'",
        {KEYS: {"{alice} key-of-sent"}},
    ),
    unguarded(
        "a key whose transaction is missing",
        "delete from transactions where id = '{failed}'",
        {KEYS: {"{carol} key-of-failed"}},
    ),
    Damage(
        "a second welcome bonus",
        f"{INTENT} values ('{NEW}', 'bonus', 'created', 'USD', null, '{{dan}}', 1, 0, '', '[]', 1, now(), "
        "now(), null)",
        {ONE_BONUS: {"{dan}"}},
    ),
    Damage(
        "a wallet without an owner",
        "delete from users where wallet_id = '{dan}'",
        {OWNERS: {"{dan}"}},
    ),
    unguarded(
        "a wallet with two owners",
        "drop index uq_users_wallet_id; update users set wallet_id = '{dan}' where wallet_id = '{carol}'",
        {OWNERS: {"{dan}", "{carol}"}, CONSTRAINED: {"uq_users_wallet_id"}},
    ),
    unguarded(
        "a wallet without its account",
        "update wallets set currency = 'EUR' where id = '{dan}'",
        {OWNERS: {"{dan}"}, CURRENCIES: {"{bonus}"}},
    ),
    Damage(
        "an account without a wallet",
        f"insert into ledger_accounts values ('{NEW}', 'wallet', 'USD', 0, 0, 0, 0, now())",
        {OWNERS: {NEW}},
    ),
)
