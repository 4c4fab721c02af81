"""Damage to refunds and refunded amounts, made as the owner of the tables.

Bob paid Alice 8.00 (`given`), and she refunded all of it: 3.00 (`partly`), then 5.00 (`rest`).
"""

from pocketpay.ledger.repository.proofs import CHAIN, CONSERVATION, PROJECTION
from pocketpay.operator_log.repository.act_proofs import REVERSALS
from pocketpay.transactions.repository.proofs import CURRENCIES, KEYS, LEGS, OPPOSITE, REFUNDED, USAGE
from tests.operations.damage import INTENT, NEW, Damage, unguarded, without

USED = "{bob} transfer {hour}Z"
"""The row of `wallet_usage` with Bob's payments in the hour of the town's payments."""

REFUND = f"{INTENT[:-1]}, refund_of) values ('{NEW}', 'refund', 'cancelled', 'USD'"
"""A refund that never moved money."""

REFUNDS = (
    Damage(
        "a payment with a refunded amount that is too small",
        "update transactions set refunded = 799, uncounted = 799 where id = '{given}'",
        {REFUNDED: {"{given}"}, USAGE: {USED}},
    ),
    Damage(
        "a payment with a refunded amount of zero",
        "update transactions set refunded = 0, uncounted = 0 where id = '{given}'",
        {REFUNDED: {"{given}"}, USAGE: {USED}},
    ),
    Damage(
        "a refunded amount that counts again, but in no hour of usage",
        "update transactions set uncounted = 799 where id = '{given}'",
        {USAGE: {USED}},
    ),
    Damage(
        "a refunded amount without a refund",
        "update transactions set refunded = 1 where id = '{sent}'",
        {REFUNDED: {"{sent}"}},
    ),
    without(
        "ck_transactions_refunded_within_the_original",
        "refunds that exceed the payment",
        "update transactions set amount = 700, uncounted = 700 where id = '{given}'",
        {REFUNDED: {"{given}"}, LEGS: {"{given}"}},
    ),
    unguarded(
        "a refund of another amount than its entries",
        "update transactions set amount = 301 where id = '{partly}';"
        "update transactions set refunded = 801, amount = 801 where id = '{given}'",
        {LEGS: {"{given}", "{partly}"}, USAGE: {USED}},
    ),
    unguarded(
        "a refund with a missing entry",
        "delete from ledger_entries where id = '{rest_bob}'",
        {LEGS: {"{rest}"}, CONSERVATION: {"{rest}"}, CHAIN: {"{sent_bob}"}, PROJECTION: {"{bob}"}},
    ),
    unguarded(
        "a refund linked to another payment",
        "update transactions set refund_of = '{sent}' where id = '{rest}';"
        "update transactions set refunded = 300, uncounted = 300 where id = '{given}';"
        "update transactions set refunded = 500 where id = '{sent}'",
        {OPPOSITE: {"{rest}"}, USAGE: {USED}},
    ),
    Damage(
        "a refund to another wallet",
        f"{REFUND}, '{{alice}}', '{{carol}}', 1, 0, '', '[]', 1, now(), now(), null, '{{given}}')",
        {OPPOSITE: {NEW}, REVERSALS: {NEW}},
    ),
    Damage(
        "a refund of a failed payment",
        f"{REFUND}, '{{bob}}', '{{carol}}', 1, 0, '', '[]', 1, now(), now(), null, '{{failed}}')",
        {OPPOSITE: {NEW}, REVERSALS: {NEW}},
    ),
    Damage(
        "a refund of a refund",
        f"{REFUND}, '{{bob}}', '{{alice}}', 1, 0, '', '[]', 1, now(), now(), null, '{{partly}}')",
        {OPPOSITE: {NEW}, REVERSALS: {NEW}},
    ),
    unguarded(
        "a refund in another currency than its payment",
        "update transactions set currency = 'EUR' where id = '{rest}'",
        {OPPOSITE: {"{rest}"}, LEGS: {"{rest}"}, CURRENCIES: {"{rest}"}},
    ),
    unguarded(
        "a refund whose payment is missing",
        "delete from transactions where id = '{given}'",
        {
            REFUNDED: {"{given}"},
            OPPOSITE: {"{partly}", "{rest}"},
            LEGS: {"{given}"},
            KEYS: {"{bob} key-of-given"},
        },
    ),
)
