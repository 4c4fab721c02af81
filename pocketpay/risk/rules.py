"""The three rules of risk, all evaluated, all reasons kept.

    large transfer    the amount is above the threshold
    new recipient     this wallet never completed a payment to that one before
    rapid transfers   that many payments completed or pending within the window before this one

Each rule is off, asks for confirmation, or blocks. The threshold that applied is frozen into the reason, so that a
payment can be explained after the settings have changed.
"""

from dataclasses import dataclass
from enum import StrEnum

from pocketpay.money import Money
from pocketpay.settings import RuleAction

RAPID_COUNT_OFF = 1_000
"""A rapid count above it switches the rule off: counting that far reads the whole window (96 to 362 µs, not 16)."""


class Rule(StrEnum):
    LARGE_TRANSFER = "large_transfer"
    NEW_RECIPIENT = "new_recipient"
    RAPID_TRANSFERS = "rapid_transfers"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a payment is risky: the rule, and the facts it met (as text and numbers, so that they keep)."""

    rule: Rule
    facts: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Policy:
    """What applies now. `large_threshold` has one amount per currency served."""

    large_threshold: dict[str, Money]
    large: RuleAction
    new_recipient: RuleAction
    rapid_count: int
    rapid_window_minutes: int
    rapid: RuleAction

    def threshold(self, currency: str) -> Money:
        """Above it a payment is large. Zero in a currency no longer served: its wallets may pay, and are asked."""
        return self.large_threshold.get(currency) or Money(0, currency)

    @property
    def counts_rapid(self) -> bool:
        """Whether the rapid rule needs its count looked up at all."""
        return self.rapid is not RuleAction.OFF and self.rapid_count <= RAPID_COUNT_OFF


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sender's lock protects: the amount, whether the payee is known, how many payments are recent."""

    amount: Money
    payee_known: bool
    recent_count: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """All reasons that matched, and the severest thing any of them asks for."""

    action: RuleAction
    reasons: tuple[Reason, ...]


SAFE = Verdict(RuleAction.OFF, ())


def judge(facts: Facts, policy: Policy) -> Verdict:
    """The verdict on a payment. OFF means it may go out at once."""
    matched: list[tuple[RuleAction, Reason]] = []
    threshold = policy.threshold(facts.amount.currency)
    if policy.large is not RuleAction.OFF and threshold < facts.amount:
        met: dict[str, str | int] = {"threshold": str(threshold), "currency": threshold.currency}
        matched.append((policy.large, Reason(Rule.LARGE_TRANSFER, met)))
    if policy.new_recipient is not RuleAction.OFF and not facts.payee_known:
        matched.append((policy.new_recipient, Reason(Rule.NEW_RECIPIENT, {})))
    if policy.counts_rapid and facts.recent_count >= policy.rapid_count:
        seen: dict[str, str | int] = {"count": policy.rapid_count, "window_minutes": policy.rapid_window_minutes}
        matched.append((policy.rapid, Reason(Rule.RAPID_TRANSFERS, seen)))
    if not matched:
        return SAFE
    blocks = any(action is RuleAction.BLOCK for action, _ in matched)
    return Verdict(RuleAction.BLOCK if blocks else RuleAction.CONFIRM, tuple(reason for _, reason in matched))
