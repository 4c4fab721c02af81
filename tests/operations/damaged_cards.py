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
        "a payment with another user's card",
        COPY.format(new=NEW, source="'{alice}'", card="card_id", of="too_dear"),
        {CARDS_LAW: {NEW}},
    ),
    unguarded(
        "a payment with a card that does not exist",
        COPY.format(new=NEW, source="source_wallet_id", card=f"'{OTHER}'", of="too_dear"),
        {CARDS_LAW: {NEW}},
    ),
    unguarded(
        "a card moved to another wallet",
        "update cards set wallet_id = '{alice}' where id = '{closed_card}'",
        {KEYS: {"{erin} key-of-closed_card"}},
    ),
    unguarded(
        "a card in another currency than its wallet",
        "update cards set currency = 'EUR' where id = '{closed_card}'",
        {CARDS_LAW: {"{closed_card}"}},
    ),
    unguarded(
        "a card without a wallet",
        "update cards set wallet_id = '" + NEW + "' where id = '{closed_card}'",
        {CARDS_LAW: {"{closed_card}"}, KEYS: {"{erin} key-of-closed_card"}},
    ),
    Damage(
        "a card that spent less than its payments",
        "update cards set spent = 0 where id = '{card}'",
        {SPENT: {"{card}"}},
    ),
    Damage(
        "a card that spent more than its payments",
        "update cards set spent = 1 where id = '{closed_card}'",
        {SPENT: {"{closed_card}"}},
    ),
    Damage(
        "a card in another month",
        "update cards set spent_in = spent_in + interval '1 month' where id = '{card}'",
        {SPENT: {"{card}"}, NOT_IN_THE_FUTURE: {"{card}"}},
    ),
    Damage(
        "a card payment in another month than the card's",
        "update cards set spent = 0, spent_in = spent_in - interval '1 month' where id = '{card}'",
        {SPENT: {"{card}"}},
    ),
    without(
        "ck_cards_spent_not_negative",
        "a card with a negative spent amount",
        "update cards set spent = -1 where id = '{card}'",
        {SPENT: {"{card}"}},
    ),
    unguarded(
        "a card payment with another amount",
        "update transactions set amount = amount + 1 where id = '{groceries}'",
        {LEGS: {"{groceries}"}, SPENT: {"{card}"}},
    ),
    Damage(
        "a reversed card payment that the card still counts",
        "update transactions set refunded = amount, uncounted = amount where id = '{groceries}'",
        {SPENT: {"{card}"}, REFUNDED: {"{groceries}"}},
    ),
    unguarded(
        "a card payment without the card network's entry",
        "update ledger_entries set account_id = '{bank}', kind = 'bank' where id = '{groceries_card_network}'",
        {LEGS: {"{groceries}"}},
    ),
    unguarded(
        "a card's key with a payment as its result",
        "update idempotency_keys set result_ids = array['{groceries}'::uuid] where key = 'key-of-card'",
        {KEYS: {"{erin} key-of-card"}},
    ),
    unguarded(
        "a payment's key with a card as its result",
        "update idempotency_keys set result_ids = array['{card}'::uuid] where key = 'key-of-groceries'",
        {KEYS: {"{erin} key-of-groceries"}},
    ),
)
