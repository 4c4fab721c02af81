"""New recipient: the sender has no completed payment to this recipient that was not refunded in full."""

from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, Field

from pocketpay.risk.facts import Facts
from pocketpay.risk.rule import Rule, RuleAction, Thresholds


class NewRecipientSettings(BaseModel):
    new_recipient_action: RuleAction = Field(
        RuleAction.CONFIRM, description="Action for the first payment to a recipient: off, confirm or block."
    )


@dataclass(frozen=True, slots=True)
class NewRecipient(Rule[NewRecipientSettings]):
    name = "new_recipient"
    description = "No payment to this person has been completed before."
    words = "You have not paid this person before."
    settings = NewRecipientSettings

    action: RuleAction

    @classmethod
    def of(cls, settings: NewRecipientSettings, currencies: tuple[str, ...]) -> Self:
        return cls(settings.new_recipient_action)

    def thresholds(self, currency: str) -> Thresholds:
        return {}

    def matches(self, facts: Facts) -> bool:
        return not facts.payee_known
