"""Large transfer: the amount is above a threshold. Each served currency has its own threshold."""

from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, Field

from pocketpay.amounts import MoneySetting, money_setting
from pocketpay.money import Money
from pocketpay.risk.facts import Facts
from pocketpay.risk.rule import Rule, RuleAction, Thresholds


class LargeTransferSettings(BaseModel):
    large_transfer_threshold: MoneySetting = Field(
        "500.00", description="A payment above this amount is large. Money like 500.00, or USD:500.00,JPY:50000."
    )
    large_transfer_action: RuleAction = Field(
        RuleAction.CONFIRM, description="Action for a large payment: off, confirm or block."
    )


@dataclass(frozen=True, slots=True)
class LargeTransfer(Rule[LargeTransferSettings]):
    name = "large_transfer"
    description = "The amount is above a threshold."
    words = "The amount is above {threshold} {currency}."
    settings = LargeTransferSettings

    action: RuleAction
    amounts: dict[str, Money]

    @classmethod
    def of(cls, settings: LargeTransferSettings, currencies: tuple[str, ...]) -> Self:
        text = settings.large_transfer_threshold
        return cls(settings.large_transfer_action, money_setting("LARGE_TRANSFER_THRESHOLD", text, currencies))

    def threshold(self, currency: str) -> Money:
        """Returns the amount above which a payment is large. Zero for a currency that is no longer served: its
        wallets may pay, but every payment is large."""
        return self.amounts.get(currency) or Money(0, currency)

    def thresholds(self, currency: str) -> Thresholds:
        threshold = self.threshold(currency)
        return {"threshold": str(threshold), "currency": threshold.currency}

    def matches(self, facts: Facts) -> bool:
        return self.threshold(facts.amount.currency) < facts.amount
