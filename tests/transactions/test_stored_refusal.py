"""A refusal can be rebuilt from the data that the database stores of it."""

from datetime import UTC, datetime

import orjson
import pytest

from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.transactions.errors import (
    InsufficientFunds,
    InvalidAmount,
    InvalidInput,
    LimitExceeded,
    TooManyPending,
)
from pocketpay.transactions.limits import Limit, LimitKind
from pocketpay.transactions.stored_refusal import CODE_ONLY, ENDS_AS, facts_of, rebuilt, stored

TOMORROW = datetime(2026, 11, 28, tzinfo=UTC)
USED_UP = Limit(
    LimitKind.TRANSFER_DAILY, Money(10_000, "USD"), Money(9_950, "USD"), datetime(2026, 11, 28, tzinfo=UTC)
)
UNUSED = Limit(LimitKind.TRANSFER_DAILY, Money(10_000, "JPY"), Money(0, "JPY"), None)


@pytest.mark.parametrize(
    "refusal",
    [
        InvalidInput("description", "must not be empty"),
        InvalidAmount("must be more than zero"),
        InvalidAmount("is too large", "amounts"),
        LimitExceeded(USED_UP),
        LimitExceeded(UNUSED),
        TooManyPending(20),
        *(kind() for kind in CODE_ONLY.values()),
    ],
    ids=repr,
)
def test_a_stored_refusal_is_rebuilt_with_its_facts(refusal: Refusal) -> None:
    again = rebuilt(orjson.loads(orjson.dumps(stored(refusal))))
    assert (type(again), again.args, again.field) == (type(refusal), refusal.args, refusal.field)


def test_a_row_stores_the_amounts_of_insufficient_funds_in_its_currency() -> None:
    facts = facts_of(InsufficientFunds(Money(1_000, "USD"), Money(250, "USD")))
    assert facts == {"required": 1_000, "available": 250}
    again = rebuilt({"code": "INSUFFICIENT_FUNDS", "currency": "USD", **facts})
    assert again.args == (Money(1_000, "USD"), Money(250, "USD"))


def test_every_refusal_that_stores_a_row_can_be_rebuilt_from_it() -> None:
    assert {kind.code for kind in ENDS_AS} - CODE_ONLY.keys() == {"INSUFFICIENT_FUNDS"}
    for kind in CODE_ONLY.values():
        assert vars(kind()).keys() <= {"field"}
