"""A card's life, its expiry and its month: pure, and the same in Python and in the database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.cards.card import NEXT, Card, CardStatus, month_of, require_transition
from pocketpay.cards.errors import AboveMonthlyLimit, AbovePaymentLimit, CardClosed, CardExpired, CardFrozen
from pocketpay.cards.models import STATUSES
from pocketpay.errors import BooksDisagree
from pocketpay.money import Money
from tests.transactions.past import people

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LAST_MOMENT = datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 12, 1, tzinfo=UTC)
PAIRS = [(before, after) for before in CardStatus for after in CardStatus if before is not after]

INSERT = """
insert into cards (id, wallet_id, currency, label, brand, last4, expiry_month, expiry_year, status, spent, spent_in,
    version, created_at, updated_at)
values ($1, $2, 'USD', 'Card', 'Test', '1234', 11, 2030, $3, 0, '2026-11-01', 1, now(), now())
"""


def dollars(minor: int) -> Money:
    return Money(minor, "USD")


CARD = Card(
    id=UUID(int=1),
    wallet_id=UUID(int=2),
    currency="USD",
    label="Groceries",
    brand="Test",
    last4="1234",
    expiry_month=11,
    expiry_year=2026,
    status=CardStatus.ACTIVE,
    spent=dollars(3_000),
    spent_in=date(2026, 11, 1),
    created_at=NOW,
    updated_at=NOW,
)


def allowed_here(before: CardStatus, after: CardStatus) -> bool:
    try:
        require_transition(before, after)
    except BooksDisagree:
        return False
    return True


async def allowed_there(owner: "Connection[Record]", id: UUID, after: CardStatus) -> bool:
    try:
        await owner.execute("update cards set status = $2 where id = $1", id, after.value)
    except asyncpg.CheckViolationError as violation:
        if violation.constraint_name != "cards_lifecycle":
            raise
        return False
    return True


async def test_python_and_the_database_allow_the_same_transitions(owner: "Connection[Record]") -> None:
    (wallet,) = await people(owner, "ada")
    differing = []
    for before, after in PAIRS:
        id = uuids.uuid7()
        await owner.execute(INSERT, id, wallet, before.value)
        if await allowed_there(owner, id, after) != allowed_here(before, after):
            differing.append((before, after))
    assert differing == []


def test_every_status_has_its_place_in_the_table_and_in_the_database() -> None:
    assert set(NEXT) == set(CardStatus) == {CardStatus(status) for status in STATUSES}


def test_closed_is_final() -> None:
    assert [after for after in CardStatus if allowed_here(CardStatus.CLOSED, after)] == [CardStatus.CLOSED]


@pytest.mark.parametrize(
    ("now", "expired"), [(NOW, False), (LAST_MOMENT, False), (NEXT_MONTH, True), (NOW.replace(year=2027), True)]
)
def test_card_is_good_until_the_last_moment_of_its_month(now: datetime, expired: bool) -> None:
    assert CARD.expired(now) is expired


@pytest.mark.parametrize(
    ("now", "spent"), [(NOW, 3_000), (LAST_MOMENT, 3_000), (NEXT_MONTH, 0), (NOW.replace(year=2027), 0)]
)
def test_month_ends_with_its_last_moment(now: datetime, spent: int) -> None:
    assert CARD.spent_in_month(now) == dollars(spent)


def test_clock_that_is_behind_gives_no_new_month() -> None:
    assert CARD.spent_in_month(datetime(2026, 10, 31, tzinfo=UTC)) == dollars(3_000)
    after = CARD.after_payment(dollars(1), datetime(2026, 10, 31, tzinfo=UTC))
    assert (after.spent, after.spent_in) == (dollars(3_001), date(2026, 11, 1))


def test_first_payment_of_a_month_begins_its_sum() -> None:
    within, after = CARD.after_payment(dollars(500), LAST_MOMENT), CARD.after_payment(dollars(500), NEXT_MONTH)
    assert (within.spent, within.spent_in, within.version) == (dollars(3_500), date(2026, 11, 1), 2)
    assert (after.spent, after.spent_in) == (dollars(500), month_of(NEXT_MONTH))
    assert after.updated_at == NEXT_MONTH


@pytest.mark.parametrize(
    ("changed", "now", "why"),
    [
        (lambda card: replace(card, status=CardStatus.CLOSED), NEXT_MONTH, CardClosed),
        (lambda card: replace(card, status=CardStatus.FROZEN), NEXT_MONTH, CardFrozen),
        (lambda card: card, NEXT_MONTH, CardExpired),
    ],
)
def test_card_that_does_not_work_says_the_gravest_reason(
    changed: Callable[[Card], Card], now: datetime, why: type[Exception]
) -> None:
    CARD.require_usable(NOW)
    with pytest.raises(why):
        changed(CARD).require_usable(now)


def test_limit_is_what_may_be_paid_and_not_a_cent_more() -> None:
    card = replace(CARD, per_payment_limit=dollars(2_000), monthly_limit=dollars(4_500))
    card.require_room(dollars(1_500), NOW)
    with pytest.raises(AboveMonthlyLimit) as monthly:
        card.require_room(dollars(1_501), NOW)
    assert (monthly.value.limit, monthly.value.remaining) == (dollars(4_500), dollars(1_500))
    card.require_room(dollars(2_000), NEXT_MONTH)
    with pytest.raises(AbovePaymentLimit) as each:
        card.require_room(dollars(2_001), NEXT_MONTH)
    assert each.value.limit == dollars(2_000)


def test_limit_below_what_was_paid_leaves_nothing() -> None:
    with pytest.raises(AboveMonthlyLimit) as monthly:
        replace(CARD, monthly_limit=dollars(1_000)).require_room(dollars(1), NOW)
    assert monthly.value.remaining == dollars(0)


def test_card_without_limits_pays_anything() -> None:
    CARD.require_room(dollars(10**12), NOW)
