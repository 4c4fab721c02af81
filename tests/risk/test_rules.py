"""Risk: three rules, each off, asking or blocking; all that match are told, with what they met."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.money import CurrenciesDiffer, Money
from pocketpay.risk.rules import RAPID_COUNT_OFF, SAFE, Facts, Policy, Reason, Rule, Verdict, judge
from pocketpay.settings import RuleAction

OFF, CONFIRM, BLOCK = RuleAction.OFF, RuleAction.CONFIRM, RuleAction.BLOCK

POLICY = Policy(
    large_threshold={"USD": Money(50_000, "USD"), "JPY": Money(50_000, "JPY")},
    large=CONFIRM,
    new_recipient=CONFIRM,
    rapid_count=5,
    rapid_window_minutes=60,
    rapid=CONFIRM,
)
HARMLESS = Facts(Money(50_000, "USD"), payee_known=True, recent_count=4)

LARGE = Reason(Rule.LARGE_TRANSFER, {"threshold": "500.00", "currency": "USD"})
NEW = Reason(Rule.NEW_RECIPIENT, {})
RAPID = Reason(Rule.RAPID_TRANSFERS, {"count": 5, "window_minutes": 60})


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        (HARMLESS, ()),
        (replace(HARMLESS, amount=Money(50_001, "USD")), (LARGE,)),
        (replace(HARMLESS, payee_known=False), (NEW,)),
        (replace(HARMLESS, recent_count=5), (RAPID,)),
        (replace(HARMLESS, recent_count=6), (RAPID,)),
        (Facts(Money(50_001, "USD"), payee_known=False, recent_count=5), (LARGE, NEW, RAPID)),
        (Facts(Money(1, "USD"), payee_known=False, recent_count=5), (NEW, RAPID)),
        (Facts(Money(50_001, "USD"), payee_known=True, recent_count=9), (LARGE, RAPID)),
    ],
)
def test_every_rule_that_matches_is_told(facts: Facts, reasons: tuple[Reason, ...]) -> None:
    assert judge(facts, POLICY) == Verdict(CONFIRM if reasons else OFF, reasons)


def test_payment_of_exactly_the_threshold_is_not_large() -> None:
    assert judge(HARMLESS, POLICY) is SAFE


def test_threshold_of_each_currency_is_its_own() -> None:
    yen = judge(replace(HARMLESS, amount=Money(50_001, "JPY")), POLICY)
    assert yen.reasons == (Reason(Rule.LARGE_TRANSFER, {"threshold": "50000", "currency": "JPY"}),)
    assert judge(replace(HARMLESS, amount=Money(50_000, "JPY")), POLICY) is SAFE


def test_threshold_of_zero_asks_for_every_payment() -> None:
    policy = replace(POLICY, large_threshold={"USD": Money(0, "USD")})
    reason = Reason(Rule.LARGE_TRANSFER, {"threshold": "0.00", "currency": "USD"})
    assert judge(replace(HARMLESS, amount=Money(1, "USD")), policy).reasons == (reason,)


def test_any_payment_in_a_currency_no_longer_served_is_large() -> None:
    reason = Reason(Rule.LARGE_TRANSFER, {"threshold": "0.00", "currency": "EUR"})
    assert judge(replace(HARMLESS, amount=Money(1, "EUR")), POLICY) == Verdict(CONFIRM, (reason,))
    assert judge(replace(HARMLESS, amount=Money(1, "EUR")), replace(POLICY, large=OFF)) is SAFE


@pytest.mark.parametrize(
    ("facts", "rule", "setting"),
    [
        (replace(HARMLESS, amount=Money(50_001, "USD")), Rule.LARGE_TRANSFER, "large"),
        (replace(HARMLESS, payee_known=False), Rule.NEW_RECIPIENT, "new_recipient"),
        (replace(HARMLESS, recent_count=5), Rule.RAPID_TRANSFERS, "rapid"),
    ],
)
def test_each_rule_does_what_it_is_set_to(facts: Facts, rule: Rule, setting: str) -> None:
    for action in RuleAction:
        verdict = judge(facts, replace(POLICY, **{setting: action}))  # type: ignore[arg-type]  # a field by its name
        assert verdict.action is action
        assert [reason.rule for reason in verdict.reasons] == ([] if action is OFF else [rule])


def test_one_rule_that_blocks_is_enough_and_the_others_are_still_told() -> None:
    risky = Facts(Money(50_001, "USD"), payee_known=False, recent_count=5)
    for setting in ("large", "new_recipient", "rapid"):
        verdict = judge(risky, replace(POLICY, **{setting: BLOCK}))  # type: ignore[arg-type]  # a field by its name
        assert verdict == Verdict(BLOCK, (LARGE, NEW, RAPID))


def test_rapid_count_above_a_thousand_is_off_and_counts_nothing() -> None:
    flood = replace(HARMLESS, recent_count=10_000)
    most = replace(POLICY, rapid_count=RAPID_COUNT_OFF)
    assert most.counts_rapid
    assert judge(flood, most).reasons == (Reason(Rule.RAPID_TRANSFERS, {"count": 1_000, "window_minutes": 60}),)
    above = replace(POLICY, rapid_count=RAPID_COUNT_OFF + 1, rapid=BLOCK)
    assert not above.counts_rapid
    assert judge(flood, above) is SAFE


def test_rapid_rule_that_is_off_counts_nothing() -> None:
    assert not replace(POLICY, rapid=OFF).counts_rapid


def test_reason_keeps_what_applied_when_the_policy_changes() -> None:
    thresholds = {"USD": Money(50_000, "USD")}
    policy = replace(POLICY, large_threshold=thresholds)
    verdict = judge(Facts(Money(50_001, "USD"), payee_known=True, recent_count=5), policy)
    thresholds["USD"] = Money(1, "USD")
    assert verdict.reasons == (LARGE, RAPID)


def test_threshold_in_another_currency_than_it_stands_for_is_an_error() -> None:
    with pytest.raises(CurrenciesDiffer):
        judge(HARMLESS, replace(POLICY, large_threshold={"USD": Money(1, "EUR")}))


# ---------------------------------------------------------------- the same, said another way

actions = st.sampled_from(RuleAction)
SEVERITY = (OFF, CONFIRM, BLOCK)


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
def test_verdict_is_that_of_a_model(
    amount: int,
    known: bool,
    recent: int,
    threshold: int,
    count: int,
    large: RuleAction,
    new: RuleAction,
    rapid: RuleAction,
) -> None:
    policy = Policy({"USD": Money(threshold, "USD")}, large, new, count, 60, rapid)
    verdict = judge(Facts(Money(amount, "USD"), known, recent), policy)

    asked = {"large_transfer": large, "new_recipient": new, "rapid_transfers": rapid}
    met = {
        "large_transfer": amount - threshold >= 1,
        "new_recipient": not known,
        "rapid_transfers": not recent < count and not count > 1_000,
    }
    told = [rule for rule in met if met[rule] and asked[rule] != "off"]
    assert [reason.rule for reason in verdict.reasons] == told
    assert SEVERITY.index(verdict.action) == max((SEVERITY.index(asked[rule]) for rule in told), default=0)
