"""Damage to cards and card payments, made as the owner of the tables."""

from pocketpay.operations.stamps import NOT_IN_THE_FUTURE
from pocketpay.transactions.repository.card_proofs import CARDS as CARDS_LAW
from pocketpay.transactions.repository.card_proofs import SPENT
from pocketpay.transactions.repository.proofs import KEYS, LEGS, REFUNDED
from tests.operations.damage import NEW, OTHER, Damage, unguarded, without

COPY = (
    "insert into transactions (id, type, status, currency, source_wallet_id, amount, fee, description, card_id, "
    "risk_reasons, failure_code, version, created_at, updated_at, completed_at) "
    "select '{new}', type, status, currency, {source}, amount, fee, description, {card}, risk_reasons, failure_code, "
    "version, created_at, updated_at, completed_at from transactions where id = '{{{of}}}';"
)

CARDS = (
    Damage(
        "a payment with somebody else's card",
        COPY.format(new=NEW, source="'{alice}'", card="card_id", of="too_dear"),
        {CARDS_LAW: {NEW}},
    ),
    unguarded(
        "a payment with a card that is nowhere",
        COPY.format(new=NEW, source="source_wallet_id", card=f"'{OTHER}'", of="too_dear"),
        {CARDS_LAW: {NEW}},
    ),
    unguarded(
        "a card that changed hands",
        "update cards set wallet_id = '{alice}' where id = '{closed_card}'",
        {KEYS: {"{erin} key-of-closed_card"}},
    ),
    unguarded(
        "a card in another currency than its wallet",
        "update cards set currency = 'EUR' where id = '{closed_card}'",
        {CARDS_LAW: {"{closed_card}"}},
    ),
    unguarded(
        "a card of no wallet",
        "update cards set wallet_id = '" + NEW + "' where id = '{closed_card}'",
        {CARDS_LAW: {"{closed_card}"}, KEYS: {"{erin} key-of-closed_card"}},
    ),
    Damage(
        "a card that has forgotten what it paid",
        "update cards set spent = 0 where id = '{card}'",
        {SPENT: {"{card}"}},
    ),
    Damage(
        "a card that never paid what it says",
        "update cards set spent = 1 where id = '{closed_card}'",
        {SPENT: {"{closed_card}"}},
    ),
    Damage(
        "a card that thinks it is another month",
        "update cards set spent_in = spent_in + interval '1 month' where id = '{card}'",
        {SPENT: {"{card}"}, NOT_IN_THE_FUTURE: {"{card}"}},
    ),
    Damage(
        "a card whose payment was in a month that it does not know of",
        "update cards set spent = 0, spent_in = spent_in - interval '1 month' where id = '{card}'",
        {SPENT: {"{card}"}},
    ),
    without(
        "ck_cards_spent_not_negative",
        "a card with more room than its limit",
        "update cards set spent = -1 where id = '{card}'",
        {SPENT: {"{card}"}},
    ),
    unguarded(
        "a payment by card over another amount",
        "update transactions set amount = amount + 1 where id = '{groceries}'",
        {LEGS: {"{groceries}"}, SPENT: {"{card}"}},
    ),
    Damage(
        "a payment by card that was given back, of which its card knows nothing",
        "update transactions set refunded = amount, uncounted = amount where id = '{groceries}'",
        {SPENT: {"{card}"}, REFUNDED: {"{groceries}"}},
    ),
    unguarded(
        "a payment by card that the network was not owed",
        "update ledger_entries set account_id = '{bank}', kind = 'bank' where id = '{groceries_card_network}'",
        {LEGS: {"{groceries}"}},
    ),
    unguarded(
        "a card's key that stands for a payment",
        "update idempotency_keys set result_ids = array['{groceries}'::uuid] where key = 'key-of-card'",
        {KEYS: {"{erin} key-of-card"}},
    ),
    unguarded(
        "a payment's key that stands for a card",
        "update idempotency_keys set result_ids = array['{card}'::uuid] where key = 'key-of-groceries'",
        {KEYS: {"{erin} key-of-groceries"}},
    ),
)
