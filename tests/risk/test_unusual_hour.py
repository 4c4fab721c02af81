"""The rule UnusualHour matches payments above a threshold between two hours in UTC. It is off by default."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.api.risk_reason import RiskReason
from pocketpay.money import Money
from pocketpay.risk.policy import SAFE
from pocketpay.risk.rule import Reason, RuleAction
from pocketpay.risk.unusual_hour import UnusualHour
from tests.risk.payments import CODES, NOON, payment, policy

OFF, CONFIRM = RuleAction.OFF, RuleAction.CONFIRM

first_hours = st.integers(min_value=0, max_value=23)
last_hours = st.integers(min_value=0, max_value=24)
moments = st.datetimes(timezones=st.just(UTC))


def at(hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    return datetime(2026, 6, 1, hour, minute, second, microsecond, tzinfo=UTC)


def rule(from_hour: int, until_hour: int, threshold: int = 0) -> UnusualHour:
    return UnusualHour(CONFIRM, from_hour, until_hour, {code: Money(threshold, code) for code in CODES})


def hours_of(from_hour: int, until_hour: int) -> set[int]:
    """The set of unusual hours, counted one by one from the first."""
    hours = set()
    hour = from_hour
    while hour != until_hour:
        hours.add(hour % 24)
        hour += 1
        if hour == 24 != until_hour:
            hour = 0
    return hours


@given(
    from_hour=first_hours,
    until_hour=last_hours,
    moment=moments,
    amount=st.integers(1, 20),
    threshold=st.integers(0, 20),
)
def test_the_unusual_hour_rule_matches_above_its_threshold_and_only_in_its_hours(
    from_hour: int, until_hour: int, moment: datetime, amount: int, threshold: int
) -> None:
    unusual = moment.hour in hours_of(from_hour, until_hour)
    assert rule(from_hour, until_hour, threshold).matches(payment(amount, at=moment)) is (
        unusual and amount > threshold
    )


def test_unusual_hours_from_22_until_5_cross_midnight() -> None:
    night = [hour for hour in range(24) if rule(22, 5).matches(payment(at=at(hour)))]
    assert night == [0, 1, 2, 3, 4, 22, 23]


def test_the_first_unusual_hour_is_included_and_the_last_is_not() -> None:
    night = rule(22, 5)
    assert not night.matches(payment(at=at(21, 59, 59, 999_999)))
    assert night.matches(payment(at=at(22)))
    assert night.matches(payment(at=at(23, 59, 59, 999_999)))
    assert night.matches(payment(at=at(0)))
    assert night.matches(payment(at=at(4, 59, 59, 999_999)))
    assert not night.matches(payment(at=at(5)))


@given(hour=first_hours, moment=moments)
def test_equal_first_and_last_hours_match_no_payment(hour: int, moment: datetime) -> None:
    assert not rule(hour, hour).matches(payment(at=moment))


@given(moment=moments)
def test_unusual_hours_from_0_until_24_are_the_whole_day(moment: datetime) -> None:
    assert rule(0, 24).matches(payment(at=moment))


@given(from_hour=first_hours, moment=moments)
def test_unusual_hours_until_24_and_until_0_are_the_same(from_hour: int, moment: datetime) -> None:
    if from_hour:
        assert rule(from_hour, 24).matches(payment(at=moment)) is rule(from_hour, 0).matches(payment(at=moment))


@given(from_hour=first_hours, until_hour=first_hours, moment=moments)
def test_two_rules_with_swapped_hours_match_opposite_hours(from_hour: int, until_hour: int, moment: datetime) -> None:
    if from_hour != until_hour:
        here, there = rule(from_hour, until_hour), rule(until_hour, from_hour)
        assert here.matches(payment(at=moment)) is not there.matches(payment(at=moment))


@given(minutes=st.integers(min_value=-14 * 60, max_value=14 * 60))
def test_the_unusual_hour_is_in_utc_for_every_offset_of_the_time(minutes: int) -> None:
    elsewhere = at(23, 30).astimezone(timezone(timedelta(minutes=minutes)))
    assert rule(23, 24).matches(payment(at=elsewhere))


@given(known=st.booleans(), recent=st.integers(min_value=0, max_value=100))
def test_the_unusual_hour_rule_depends_on_the_amount_and_the_hour_only(known: bool, recent: int) -> None:
    here = payment(1, payee_known=known, recent_count=recent, at=at(23))
    assert rule(22, 5).matches(here)
    assert not rule(22, 5, threshold=1).matches(here)


@pytest.mark.parametrize("hour", range(24))
def test_the_unusual_hour_rule_is_off_by_default(hour: int) -> None:
    facts = payment(10**9, payee_known=True, recent_count=0, at=at(hour))
    assert policy(large_transfer_action="off").judge(facts) is SAFE
    assert policy().rule(UnusualHour).action is OFF


def test_each_currency_has_its_own_threshold_of_an_unusual_hour() -> None:
    night = policy(default=OFF, unusual_hour_action="confirm", unusual_hour_threshold="USD:100.00,JPY:3000")
    for minor, code, reasons in ((10_000, "USD", 0), (10_001, "USD", 1), (3_000, "JPY", 0), (3_001, "JPY", 1)):
        assert len(night.judge(payment(minor, code, at=at(23))).reasons) == reasons
    assert night.judge(payment(1, "EUR", at=at(23))).action is CONFIRM
    assert night.judge(payment(10**9, at=NOON)) is SAFE


def test_the_reason_of_the_unusual_hour_rule_has_a_message() -> None:
    night = policy(default=OFF, unusual_hour_action="block")
    verdict = night.judge(payment(10_001, at=at(3)))
    assert verdict.action is RuleAction.BLOCK
    assert verdict.reasons == (
        Reason("unusual_hour", {"threshold": "100.00", "currency": "USD", "from_hour": 22, "until_hour": 5}),
    )
    (reason,) = RiskReason.of(verdict.reasons)
    assert reason.message == "The amount is above 100.00 USD, between 22:00 and 05:00 UTC."


def test_an_invalid_threshold_of_the_unusual_hour_is_named() -> None:
    with pytest.raises(ValueError, match=r"^UNUSUAL_HOUR_THRESHOLD has no amount for JPY"):
        policy(unusual_hour_threshold="USD:500.00")


def test_the_unusual_hour_is_in_utc_on_a_server_in_any_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        night = [hour for hour in range(24) if rule(22, 5).matches(payment(at=at(hour)))]
    time.tzset()
    assert night == [0, 1, 2, 3, 4, 22, 23]
