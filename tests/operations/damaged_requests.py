"""Damage to money requests and their payments, made as the owner of the tables."""

from pocketpay.transactions.repository.proofs import KEYS
from pocketpay.transactions.repository.request_proofs import BETWEEN_WALLETS, CONSTRAINED, MATCHES_REQUEST, PAID_ONCE
from tests.operations.damage import NEW, Damage, unguarded

REQUESTS = (
    Damage(
        "a paid request without a payment",
        "update money_requests set status = 'paid' where id = '{asked}'",
        {PAID_ONCE: {"{asked}"}},
    ),
    unguarded(
        "a declined request with a payment",
        "update money_requests set status = 'declined' where id = '{asked_and_paid}'",
        {PAID_ONCE: {"{asked_and_paid}"}},
    ),
    unguarded(
        "a payment linked to another request",
        "update transactions set request_id = '{asked}' where id = '{paid}'",
        {PAID_ONCE: {"{asked}", "{asked_and_paid}"}, MATCHES_REQUEST: {"{paid}"}},
    ),
    unguarded(
        "a request paid with another amount",
        "update money_requests set amount = amount + 1 where id = '{asked_and_paid}'",
        {MATCHES_REQUEST: {"{paid}"}},
    ),
    unguarded(
        "a request whose payment went to another wallet",
        "update money_requests set requester_wallet_id = '{carol}' where id = '{asked_and_paid}'",
        {MATCHES_REQUEST: {"{paid}"}, KEYS: {"{bob} key-of-asked_and_paid"}},
    ),
    unguarded(
        "a request paid by another wallet",
        "update money_requests set payer_wallet_id = '{dan}' where id = '{asked_and_paid}'",
        {MATCHES_REQUEST: {"{paid}"}},
    ),
    Damage(
        "a held payment of an ended request",
        "update money_requests set status = 'cancelled' where id = '{asked_and_held}'",
        {MATCHES_REQUEST: {"{waiting}"}},
    ),
    unguarded(
        "a payment whose request is missing",
        "delete from money_requests where id = '{asked_and_paid}'",
        {MATCHES_REQUEST: {"{paid}"}, KEYS: {"{bob} key-of-asked_and_paid"}},
    ),
    unguarded(
        "a request in another currency than its wallets",
        "update money_requests set currency = 'EUR' where id = '{asked}'",
        {BETWEEN_WALLETS: {"{asked}"}},
    ),
    Damage(
        "a request changed before its creation",
        "update money_requests set updated_at = created_at - interval '1 second' where id = '{asked}'",
        {BETWEEN_WALLETS: {"{asked}"}},
    ),
    unguarded(
        "a key with another wallet's request",
        "update idempotency_keys set result_ids = array['{asked_and_paid}'::uuid] where key = 'key-of-asked'",
        {KEYS: {"{carol} key-of-asked"}},
    ),
    unguarded(
        "a request's key with a payment as its result",
        "update idempotency_keys set result_ids = array['{unsettled}'::uuid] where key = 'key-of-asked'",
        {KEYS: {"{carol} key-of-asked"}},
    ),
    unguarded(
        "a key whose request does not exist",
        f"update idempotency_keys set result_ids = result_ids || '{NEW}'::uuid where key = 'key-of-asked'",
        {KEYS: {"{carol} key-of-asked"}},
    ),
    Damage(
        "a request that may be for zero",
        "alter table money_requests drop constraint ck_money_requests_amount_in_range",
        {CONSTRAINED: {"ck_money_requests_amount_in_range"}},
    ),
)
