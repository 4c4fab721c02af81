"""Damage to money requests and their payments, made as the owner of the tables."""

from pocketpay.transactions.repository.proofs import KEYS
from pocketpay.transactions.repository.request_proofs import AS_ASKED, BETWEEN_WALLETS, CONSTRAINED, PAID_ONCE
from tests.operations.damage import NEW, Damage, unguarded

REQUESTS = (
    Damage(
        "a request that says it is paid, and nobody paid",
        "update money_requests set status = 'paid' where id = '{asked}'",
        {PAID_ONCE: {"{asked}"}},
    ),
    unguarded(
        "a request that was paid and says it was declined",
        "update money_requests set status = 'declined' where id = '{asked_and_paid}'",
        {PAID_ONCE: {"{asked_and_paid}"}},
    ),
    unguarded(
        "a payment of another request than the one that was paid",
        "update transactions set request_id = '{asked}' where id = '{paid}'",
        {PAID_ONCE: {"{asked}", "{asked_and_paid}"}, AS_ASKED: {"{paid}"}},
    ),
    unguarded(
        "a request paid with another amount than it asks for",
        "update money_requests set amount = amount + 1 where id = '{asked_and_paid}'",
        {AS_ASKED: {"{paid}"}},
    ),
    unguarded(
        "a request whose money went to somebody else",
        "update money_requests set requester_wallet_id = '{carol}' where id = '{asked_and_paid}'",
        {AS_ASKED: {"{paid}"}, KEYS: {"{bob} key-of-asked_and_paid"}},
    ),
    unguarded(
        "a request that somebody else paid",
        "update money_requests set payer_wallet_id = '{dan}' where id = '{asked_and_paid}'",
        {AS_ASKED: {"{paid}"}},
    ),
    Damage(
        "a payment that waits for a request that has ended",
        "update money_requests set status = 'cancelled' where id = '{asked_and_held}'",
        {AS_ASKED: {"{waiting}"}},
    ),
    unguarded(
        "a payment whose request is gone",
        "delete from money_requests where id = '{asked_and_paid}'",
        {AS_ASKED: {"{paid}"}, KEYS: {"{bob} key-of-asked_and_paid"}},
    ),
    unguarded(
        "a request in another currency than its wallets",
        "update money_requests set currency = 'EUR' where id = '{asked}'",
        {BETWEEN_WALLETS: {"{asked}"}},
    ),
    Damage(
        "a request changed before it was made",
        "update money_requests set updated_at = created_at - interval '1 second' where id = '{asked}'",
        {BETWEEN_WALLETS: {"{asked}"}},
    ),
    unguarded(
        "a key whose result is somebody else's request",
        "update idempotency_keys set result_ids = array['{asked_and_paid}'::uuid] where key = 'key-of-asked'",
        {KEYS: {"{carol} key-of-asked"}},
    ),
    unguarded(
        "a key of a request whose result is a payment",
        "update idempotency_keys set result_ids = array['{unsettled}'::uuid] where key = 'key-of-asked'",
        {KEYS: {"{carol} key-of-asked"}},
    ),
    unguarded(
        "a key whose request is nowhere",
        f"update idempotency_keys set result_ids = result_ids || '{NEW}'::uuid where key = 'key-of-asked'",
        {KEYS: {"{carol} key-of-asked"}},
    ),
    Damage(
        "a request may be for nothing",
        "alter table money_requests drop constraint ck_money_requests_amount_in_range",
        {CONSTRAINED: {"ck_money_requests_amount_in_range"}},
    ),
)
