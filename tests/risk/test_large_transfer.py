"""The rule LargeTransfer matches payments above the threshold of their currency, and not at it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.money import CurrenciesDiffer, Money
from pocketpay.risk.large_transfer import LargeTransfer
from pocketpay.risk.policy import SAFE
from pocketpay.risk.rule import Reason, RuleAction
from tests.risk.payments import payment, policy

amounts = st.integers(min_value=1, max_value=1_000)
thresholds = st.integers(min_value=0, max_value=1_000)


def rule(usd: int, jpy: int = 0) -> LargeTransfer:
    return LargeTransfer(RuleAction.CONFIRM, {"USD": Money(usd, "USD"), "JPY": Money(jpy, "JPY")})


@given(amount=amounts, usd=thresholds, jpy=thresholds)
def test_only_the_threshold_of_the_payments_currency_counts(amount: int, usd: int, jpy: int) -> None:
    assert rule(usd, jpy).matches(payment(amount, "USD")) is (amount > usd)
    assert rule(usd, jpy).matches(payment(amount, "JPY")) is (amount > jpy)


@given(amount=amounts, threshold=thresholds, more=thresholds)
def test_a_large_payment_stays_large_when_its_amount_grows(amount: int, threshold: int, more: int) -> None:
    assert rule(threshold).matches(payment(amount + more)) >= rule(threshold).matches(payment(amount))


@given(amount=amounts, known=st.booleans(), recent=st.integers(min_value=0, max_value=100))
def test_the_large_transfer_rule_depends_on_the_amount_only(amount: int, known: bool, recent: int) -> None:
    here = rule(500).matches(payment(amount, payee_known=known, recent_count=recent))
    assert here is rule(500).matches(payment(amount))


def test_each_currency_has_its_own_threshold_of_a_large_transfer() -> None:
    both = policy(large_transfer_threshold="USD:500.00,JPY:50000")
    reason = Reason(LargeTransfer.name, {"threshold": "50000", "currency": "JPY"})
    assert both.judge(payment(50_001, "JPY")).reasons == (reason,)
    assert both.judge(payment(50_000, "JPY")) is SAFE


def test_a_threshold_of_zero_matches_every_payment() -> None:
    reason = Reason(LargeTransfer.name, {"threshold": "0.00", "currency": "USD"})
    assert policy(large_transfer_threshold="0").judge(payment(1)).reasons == (reason,)


def test_every_payment_in_a_currency_without_a_threshold_is_large() -> None:
    reason = Reason(LargeTransfer.name, {"threshold": "0.00", "currency": "EUR"})
    assert policy().judge(payment(1, "EUR")).reasons == (reason,)
    assert policy(large_transfer_action="off").judge(payment(1, "EUR")) is SAFE


def test_a_threshold_in_the_wrong_currency_raises_currencies_differ() -> None:
    with pytest.raises(CurrenciesDiffer):
        LargeTransfer(RuleAction.CONFIRM, {"USD": Money(1, "EUR")}).matches(payment())


def test_a_reason_keeps_the_threshold_when_the_rules_change() -> None:
    large = rule(50_000)
    kept = large.thresholds("USD")
    large.amounts["USD"] = Money(1, "USD")
    assert kept == {"threshold": "500.00", "currency": "USD"}


def test_an_invalid_threshold_of_a_large_transfer_is_named() -> None:
    with pytest.raises(ValueError, match=r"^LARGE_TRANSFER_THRESHOLD has no amount for JPY"):
        policy(large_transfer_threshold="USD:500.00")
