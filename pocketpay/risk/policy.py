"""The rules in force, and their verdict on a payment. All rules are evaluated, and all reasons are recorded."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self, TypeVar

from pocketpay.risk.facts import Facts, RecentPayments
from pocketpay.risk.rule import Reason, Rule, RuleAction
from pocketpay.risk.rules import RULES, RiskSettings

R = TypeVar("R", bound=Rule[Any])

NOTHING_RECENT = RecentPayments(timedelta(0), 0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reasons of all rules that match, and the most severe action of those rules."""

    action: RuleAction
    reasons: tuple[Reason, ...]


SAFE = Verdict(RuleAction.OFF, ())


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of the register with their current settings. `recent` defines which recent payments to count."""

    rules: tuple[Rule[RiskSettings], ...]
    recent: RecentPayments = field(init=False)
    _active: tuple[Rule[RiskSettings], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        counts = [recent for rule in self.rules if (recent := rule.recent) is not None]
        object.__setattr__(self, "recent", counts[0] if counts else NOTHING_RECENT)
        active = tuple(rule for rule in self.rules if rule.action is not RuleAction.OFF)
        object.__setattr__(self, "_active", active)

    @classmethod
    def of(cls, settings: RiskSettings, currencies: tuple[str, ...]) -> Self:
        return cls(tuple(rule.of(settings, currencies) for rule in RULES))

    def rule(self, kind: type[R]) -> R:
        """Returns the rule of that class."""
        return next(rule for rule in self.rules if isinstance(rule, kind))

    def judge(self, facts: Facts) -> Verdict:
        """Returns the verdict on a payment. The action OFF means that it may complete immediately."""
        matched = [rule for rule in self._active if rule.matches(facts)]
        if not matched:
            return SAFE
        blocks = any(rule.action is RuleAction.BLOCK for rule in matched)
        currency = facts.amount.currency
        return Verdict(
            RuleAction.BLOCK if blocks else RuleAction.CONFIRM,
            tuple(Reason(rule.name, rule.thresholds(currency)) for rule in matched),
        )
