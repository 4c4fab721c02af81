"""The values of a limit: what remains, when it resets, and what counts. No database."""

from datetime import UTC, datetime, timedelta

import pytest

from pocketpay.money import Money
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import COUNTED, Limit, LimitKind, counted_minor, hour_of
from tests.payments.books import payment

ORDERED = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
TOTAL = Money(1_000, "USD")


def limit(used: int, oldest: datetime | None = ORDERED) -> Limit:
    return Limit.of(LimitKind.TRANSFER_DAILY, TOTAL, Money(used, "USD"), oldest)


def test_a_limit_resets_24_hours_after_its_oldest_payment_and_never_while_unused() -> None:
    assert limit(1).resets_at == ORDERED + timedelta(hours=24)
    assert limit(1, None).resets_at is None
    assert limit(0).resets_at is None
    assert (limit(1).kind, limit(1).total, limit(1).used) == (LimitKind.TRANSFER_DAILY, TOTAL, Money(1, "USD"))


@pytest.mark.parametrize(("used", "remaining"), [(0, 1_000), (1, 999), (1_000, 0), (1_001, 0)])
def test_what_remains_of_a_limit_is_never_negative(used: int, remaining: int) -> None:
    assert limit(used).remaining == Money(remaining, "USD")


def test_a_limit_allows_exactly_what_remains() -> None:
    assert limit(400).allows(Money(600, "USD"))
    assert not limit(400).allows(Money(601, "USD"))
    assert not limit(1_001).allows(Money(1, "USD"))


def test_the_hour_of_a_moment_is_its_beginning() -> None:
    assert hour_of(ORDERED) == datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert hour_of(hour_of(ORDERED)) == hour_of(ORDERED)


@pytest.mark.parametrize("status", Status)
def test_a_payment_counts_while_its_money_has_moved_or_can_still_move(status: Status) -> None:
    assert counted_minor(payment(status)) == (4_000 if status in COUNTED else 0)


def test_a_refunded_amount_no_longer_counts_and_no_payment_counts_as_nothing() -> None:
    paid = payment(Status.COMPLETED)
    assert counted_minor(paid.after_refund(Money(1_500, "USD"), ORDERED)) == 2_500
    assert counted_minor(None) == 0
