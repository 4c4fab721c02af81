"""Damage to transactions, holds, keys and wallets, as their owner could do it."""

from pocketpay.payments.repository import proofs as payments
from pocketpay.payments.repository.proofs import CURRENCIES, HOLDS, KEYS, LEGS, ONE_BONUS, OWNERS, TIMES
from tests.operations.damage import ENTRY, INTENT, MOST, NEW, OTHER, Damage, unguarded, without

PAYMENTS = (
    Damage(
        "a hold that nothing explains",
        "update ledger_accounts set held = held + 1 where id = '{dan}'",
        {HOLDS: {"{dan}"}},
    ),
    Damage(
        "a hold given back too early",
        "update ledger_accounts set held = 0 where id = '{alice}'",
        {HOLDS: {"{alice}"}},
    ),
    Damage(
        "a payment expired, its hold kept",
        "update transactions set status = 'expired' where id = '{pending}'",
        {HOLDS: {"{alice}"}},
    ),
    without(
        "ck_transactions_fee_in_range",
        "a held payment with a fee past 64 bits",
        f"update transactions set fee = {MOST} where id = '{{pending}}'",
        {HOLDS: {"{alice}"}},
    ),
    Damage(
        "a completed payment over another amount",
        "update transactions set amount = amount + 1 where id = '{sent}'",
        {LEGS: {"{sent}"}},
    ),
    without(
        "ck_transactions_fee_in_range",
        "a completed payment with a fee past 64 bits",
        f"update transactions set fee = {MOST} where id = '{{sent}}'",
        {LEGS: {"{sent}"}},
    ),
    without(
        "ck_transactions_amount_in_range",
        "a deposit that takes",
        "update transactions set amount = -amount where id = '{carols_deposit}'",
        {LEGS: {"{carols_deposit}"}},
    ),
    Damage(
        "a completed payment to somebody else",
        "update transactions set destination_wallet_id = '{carol}' where id = '{sent}'",
        {LEGS: {"{sent}"}},
    ),
    Damage(
        "a completed payment without entries",
        f"{INTENT} values ('{NEW}', 'send', 'completed', 'USD', '{{alice}}', '{{bob}}', 1, 0, '', '[]', 1, now(), "
        "now(), now())",
        {LEGS: {NEW}},
    ),
    unguarded(
        "entries of a payment that failed",
        "update transactions set status = 'failed', failure_code = 'RISK_BLOCKED', completed_at = null "
        "where id = '{sent}'",
        {LEGS: {"{sent}"}},
    ),
    unguarded(
        "entries without their transaction",
        "delete from transactions where id = '{bonus}'",
        {LEGS: {"{bonus}"}},
    ),
    Damage(
        "two more legs, rightly posted, that no payment asked for",
        "with moved as (update ledger_accounts set posted = posted + case id when '{carol}' then -100 else 100 end, "
        "sequence = sequence + 1, version = version + 1 where id in ('{carol}', '{dan}') returning *) "
        f"{ENTRY} select case id when '{{carol}}' then '{NEW}'::uuid else '{OTHER}' end, id, '{{sent}}', "
        "case id when '{carol}' then -100 else 100 end, 'USD', 'wallet', sequence, posted, '', now() from moved",
        {LEGS: {"{sent}"}},
    ),
    Damage(
        "a failed payment in another currency than its wallets",
        "update transactions set currency = 'EUR' where id = '{failed}'",
        {CURRENCIES: {"{failed}"}},
    ),
    Damage(
        "a transaction changed before it was made",
        "update transactions set updated_at = created_at - interval '1 second' where id = '{failed}'",
        {TIMES: {"{failed}"}},
    ),
    Damage(
        "a transaction completed before it was made",
        "update transactions set completed_at = created_at - interval '1 second' where id = '{sent}'",
        {TIMES: {"{sent}"}},
    ),
    Damage(
        "a transaction completed after its last change",
        "update transactions set completed_at = updated_at + interval '1 second' where id = '{sent}'",
        {TIMES: {"{sent}"}},
    ),
    Damage(
        "a key whose result is somebody else's",
        "update idempotency_keys set result_ids = array['{last}'::uuid] where key = 'key-of-sent'",
        {KEYS: {"{alice} key-of-sent"}},
    ),
    Damage(
        "a key whose result is nothing",
        "update idempotency_keys set result_ids = '{{}}' where key = 'key-of-sent'",
        {KEYS: {"{alice} key-of-sent"}},
    ),
    Damage(
        "a key whose result is nowhere",
        f"update idempotency_keys set result_ids = result_ids || '{NEW}'::uuid where key = 'key-of-sent'",
        {KEYS: {"{alice} key-of-sent"}},
    ),
    Damage(
        "a key whose transaction is gone",
        "delete from transactions where id = '{failed}'",
        {KEYS: {"{carol} key-of-failed"}},
    ),
    Damage(
        "a second welcome",
        f"{INTENT} values ('{NEW}', 'bonus', 'created', 'USD', null, '{{dan}}', 1, 0, '', '[]', 1, now(), "
        "now(), null)",
        {ONE_BONUS: {"{dan}"}},
    ),
    Damage(
        "a wallet without an owner",
        "delete from users where wallet_id = '{dan}'",
        {OWNERS: {"{dan}"}},
    ),
    Damage(
        "a wallet with two owners",
        "drop index uq_users_wallet_id; update users set wallet_id = '{dan}' where wallet_id = '{carol}'",
        {OWNERS: {"{dan}", "{carol}"}, payments.CONSTRAINED: {"uq_users_wallet_id"}},
    ),
    unguarded(
        "a wallet without its account",
        "update wallets set currency = 'EUR' where id = '{dan}'",
        {OWNERS: {"{dan}"}, CURRENCIES: {"{bonus}"}},
    ),
    Damage(
        "an account that is nobody's",
        f"insert into ledger_accounts values ('{NEW}', 'wallet', 'USD', 0, 0, 0, 0, now())",
        {OWNERS: {NEW}},
    ),
)
