"""Facts about payments, as risk rules read them, and policies made from settings."""

from datetime import UTC, datetime
from typing import Any

from pocketpay.money import Money
from pocketpay.risk.facts import Facts
from pocketpay.risk.policy import Policy
from pocketpay.risk.rule import RuleAction
from pocketpay.risk.rules import SETTINGS, RiskSettings

ACTIONS = tuple(name for name in SETTINGS if name.endswith("_action"))
CODES = ("USD", "JPY")


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def payment(
    minor: int = 50_000,
    currency: str = "USD",
    *,
    payee_known: bool = True,
    recent_count: int = 4,
    at: datetime = NOON,
) -> Facts:
    """The facts of a payment. With the defaults no rule matches it."""
    return Facts(Money(minor, currency), payee_known, recent_count, at)


def policy(*, default: RuleAction | None = None, **settings: Any) -> Policy:
    """A policy of the given settings. All others have their defaults; `default` is the action of the other rules."""
    actions = {} if default is None else dict.fromkeys(ACTIONS, default)
    return Policy.of(RiskSettings.model_validate(actions | settings), CODES)
