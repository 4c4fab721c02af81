"""Payments as the rules of risk know them, and policies as settings say them."""

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
    """A payment that no rule minds as long as nothing else is said of it."""
    return Facts(Money(minor, currency), payee_known, recent_count, at)


def policy(*, default: RuleAction | None = None, **settings: Any) -> Policy:
    """The rules as those settings say, every other setting at its default; `default` is what the other rules do."""
    actions = {} if default is None else dict.fromkeys(ACTIONS, default)
    return Policy.of(RiskSettings.model_validate(actions | settings), CODES)
