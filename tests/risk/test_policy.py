"""The verdict of a policy: the strictest action, and the reasons of all rules that match, with their thresholds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.risk.facts import Facts
from pocketpay.risk.large_transfer import LargeTransfer
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.risk.policy import SAFE, Policy, Verdict
from pocketpay.risk.rapid_transfers import RapidTransfers
from pocketpay.risk.rule import Reason, RuleAction
from tests.risk.payments import payment, policy

OFF, CONFIRM, BLOCK = RuleAction.OFF, RuleAction.CONFIRM, RuleAction.BLOCK
SEVERITY = (OFF, CONFIRM, BLOCK)

LARGE = Reason(LargeTransfer.name, {"threshold": "500.00", "currency": "USD"})
NEW = Reason(NewRecipient.name, {})
RAPID = Reason(RapidTransfers.name, {"count": 5, "window_minutes": 60})

RISKY = payment(50_001, payee_known=False, recent_count=5)


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        (payment(), ()),
        (payment(50_001), (LARGE,)),
        (payment(payee_known=False), (NEW,)),
        (payment(recent_count=5), (RAPID,)),
        (payment(recent_count=6), (RAPID,)),
        (RISKY, (LARGE, NEW, RAPID)),
        (payment(1, payee_known=False, recent_count=5), (NEW, RAPID)),
        (payment(50_001, recent_count=9), (LARGE, RAPID)),
    ],
)
def test_the_verdict_has_the_reason_of_every_rule_that_matches(facts: Facts, reasons: tuple[Reason, ...]) -> None:
    assert policy().judge(facts) == Verdict(CONFIRM if reasons else OFF, reasons)


def test_a_payment_that_no_rule_matches_is_safe() -> None:
    assert policy().judge(payment()) is SAFE


@pytest.mark.parametrize(
    ("facts", "rule", "setting"),
    [
        (payment(50_001), LargeTransfer.name, "large_transfer_action"),
        (payment(payee_known=False), NewRecipient.name, "new_recipient_action"),
        (payment(recent_count=5), RapidTransfers.name, "rapid_transfer_action"),
    ],
)
def test_each_rule_takes_the_action_of_its_setting(facts: Facts, rule: str, setting: str) -> None:
    for action in RuleAction:
        verdict = policy(**{setting: action}).judge(facts)
        assert verdict.action is action
        assert [reason.rule for reason in verdict.reasons] == ([] if action is OFF else [rule])


@pytest.mark.parametrize("setting", ["large_transfer_action", "new_recipient_action", "rapid_transfer_action"])
def test_one_rule_that_blocks_is_enough_and_all_reasons_are_kept(setting: str) -> None:
    assert policy(**{setting: BLOCK}).judge(RISKY) == Verdict(BLOCK, (LARGE, NEW, RAPID))


def test_a_policy_without_the_rapid_rule_counts_no_payments() -> None:
    assert Policy(()).recent.max_count == 0


# ---------------------------------------------------------------- compared with a model

actions = st.sampled_from(RuleAction)


@given(
    amount=st.integers(min_value=1, max_value=20),
    known=st.booleans(),
    recent=st.integers(min_value=0, max_value=1_010),
    threshold=st.integers(min_value=0, max_value=20),
    count=st.one_of(st.integers(min_value=1, max_value=10), st.integers(min_value=995, max_value=1_010)),
    large=actions,
    new=actions,
    rapid=actions,
)
def test_the_verdict_equals_the_verdict_of_a_model(
    amount: int,
    known: bool,
    recent: int,
    threshold: int,
    count: int,
    large: RuleAction,
    new: RuleAction,
    rapid: RuleAction,
) -> None:
    verdict = policy(
        large_transfer_threshold=f"USD:0.{threshold:02d},JPY:1",
        large_transfer_action=large,
        new_recipient_action=new,
        rapid_transfer_count=count,
        rapid_transfer_action=rapid,
    ).judge(payment(amount, payee_known=known, recent_count=recent))

    actions_of = {"large_transfer": large, "new_recipient": new, "rapid_transfers": rapid}
    met = {
        "large_transfer": amount - threshold >= 1,
        "new_recipient": not known,
        "rapid_transfers": not recent < count and not count > 1_000,
    }
    matched = [rule for rule in met if met[rule] and actions_of[rule] != "off"]
    assert [reason.rule for reason in verdict.reasons] == matched
    assert SEVERITY.index(verdict.action) == max((SEVERITY.index(actions_of[rule]) for rule in matched), default=0)
