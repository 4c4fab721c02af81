"""Unusual hour: the payment is made between two hours of the day in UTC, and is above a threshold. Off by default.

22 until 5     22:00 to 04:59, across midnight
5 until 22     05:00 to 21:59
0 until 24     the whole day
5 until 5      no hour
"""

from dataclasses import dataclass
from datetime import UTC
from typing import Self

from pydantic import BaseModel, Field

from pocketpay.amounts import MoneySetting, money_setting
from pocketpay.money import Money
from pocketpay.risk.facts import Facts
from pocketpay.risk.rule import Rule, RuleAction, Thresholds


class UnusualHourSettings(BaseModel):
    unusual_hour_from: int = Field(22, ge=0, le=23, description="The first unusual hour of the day, in UTC.")
    unusual_hour_until: int = Field(
        5,
        ge=0,
        le=24,
        description="The hour, in UTC, at which the unusual hours end. When this hour is less than "
        "UNUSUAL_HOUR_FROM, the unusual hours last past midnight. When both are equal, no hour is unusual.",
    )
    unusual_hour_threshold: MoneySetting = Field(
        "100.00",
        description="In an unusual hour, a payment above this amount is unusual. Money like 100.00, or "
        "USD:100.00,JPY:10000.",
    )
    unusual_hour_action: RuleAction = Field(
        RuleAction.OFF, description="Action for a payment in an unusual hour: off, confirm or block."
    )


@dataclass(frozen=True, slots=True)
class UnusualHour(Rule[UnusualHourSettings]):
    name = "unusual_hour"
    description = "The amount is above a threshold, at an hour when few payments are made."
    words = "The amount is above {threshold} {currency}, between {from_hour:02d}:00 and {until_hour:02d}:00 UTC."
    settings = UnusualHourSettings

    action: RuleAction
    from_hour: int
    until_hour: int
    amounts: dict[str, Money]

    @classmethod
    def of(cls, settings: UnusualHourSettings, currencies: tuple[str, ...]) -> Self:
        return cls(
            settings.unusual_hour_action,
            settings.unusual_hour_from,
            settings.unusual_hour_until,
            money_setting("UNUSUAL_HOUR_THRESHOLD", settings.unusual_hour_threshold, currencies),
        )

    def threshold(self, currency: str) -> Money:
        """Returns the amount above which a payment in the unusual hours matches; zero for a currency that is no
        longer served."""
        return self.amounts.get(currency) or Money(0, currency)

    def thresholds(self, currency: str) -> Thresholds:
        threshold = str(self.threshold(currency))
        return {
            "threshold": threshold,
            "currency": currency,
            "from_hour": self.from_hour,
            "until_hour": self.until_hour,
        }

    def matches(self, facts: Facts) -> bool:
        hour = facts.at.astimezone(UTC).hour
        if self.from_hour <= self.until_hour:
            unusual = self.from_hour <= hour < self.until_hour
        else:
            unusual = hour >= self.from_hour or hour < self.until_hour
        return unusual and self.threshold(facts.amount.currency) < facts.amount
