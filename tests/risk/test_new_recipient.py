"""The rule NewRecipient matches recipients who were never paid before, for every amount."""

from hypothesis import given
from hypothesis import strategies as st

from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.risk.rule import RuleAction
from tests.risk.payments import payment


@given(
    known=st.booleans(),
    amount=st.integers(min_value=1, max_value=10**12),
    recent=st.integers(min_value=0, max_value=100),
)
def test_the_new_recipient_rule_matches_exactly_the_unknown_recipients(known: bool, amount: int, recent: int) -> None:
    rule = NewRecipient(RuleAction.CONFIRM)
    assert rule.matches(payment(amount, payee_known=known, recent_count=recent)) is not known
    assert rule.thresholds("USD") == {}
    assert rule.recent is None
