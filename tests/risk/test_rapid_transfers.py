"""Rapid transfers: from the count on; a count above a thousand switches the rule off and counts nothing."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from pocketpay.risk.facts import RecentPayments
from pocketpay.risk.policy import SAFE
from pocketpay.risk.rapid_transfers import RAPID_COUNT_OFF, RapidTransfers
from pocketpay.risk.rule import Reason, RuleAction
from tests.risk.payments import payment, policy

counts = st.integers(min_value=1, max_value=RAPID_COUNT_OFF)


@given(count=counts, recent=st.integers(min_value=0, max_value=1_100), amount=st.integers(1, 10**12))
def test_matches_from_the_count_on_whatever_the_payment_is(count: int, recent: int, amount: int) -> None:
    rule = RapidTransfers(RuleAction.CONFIRM, count, 60)
    assert rule.matches(payment(amount, recent_count=recent)) is (recent >= count)


@given(count=counts, minutes=st.integers(min_value=1, max_value=1_440))
def test_counts_no_further_than_it_matters(count: int, minutes: int) -> None:
    on = policy(rapid_transfer_count=count, rapid_transfer_window_minutes=minutes)
    assert on.recent == RecentPayments(timedelta(minutes=minutes), count)
    assert on.judge(payment(recent_count=on.recent.max_count)).action is RuleAction.CONFIRM


def test_count_above_a_thousand_is_off_and_counts_nothing() -> None:
    flood = payment(recent_count=10_000)
    most = policy(rapid_transfer_count=RAPID_COUNT_OFF)
    assert most.judge(flood).reasons == (Reason(RapidTransfers.name, {"count": 1_000, "window_minutes": 60}),)
    above = policy(rapid_transfer_count=RAPID_COUNT_OFF + 1, rapid_transfer_action="block")
    assert above.recent.max_count == 0
    assert above.judge(flood) is SAFE


def test_rule_that_is_off_counts_nothing() -> None:
    assert policy(rapid_transfer_action="off").recent.max_count == 0
