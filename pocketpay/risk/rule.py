"""What a rule of risk is: one class in a file of its own.

name            as a row keeps it; the schema spells it in capitals
description     what it is about, for the schema
words           why it matched, for the sender, with its thresholds in braces
settings        what the environment and operators may set, each with its description
of              the rule as those settings put it in force
thresholds      what applies in one currency; a reason keeps it
matches         whether a payment's facts make it risky
recent          which recent payments have to be counted for it, if any have

Decision 29 gives the reasons.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, Self, TypeAlias, TypeVar

from pydantic import BaseModel

from pocketpay.risk.facts import Facts, RecentPayments

Thresholds: TypeAlias = dict[str, str | int]
"""As text and numbers, so that they keep."""


class RuleAction(StrEnum):
    """What a risk rule does when it matches."""

    OFF = "off"
    CONFIRM = "confirm"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a payment is risky: the rule by its name, and the thresholds that applied. They are frozen here, so that a
    payment can be explained after the settings have changed."""

    rule: str
    facts: Thresholds


TheirSettings = TypeVar("TheirSettings", bound=BaseModel, contravariant=True)


class Rule(ABC, Generic[TheirSettings]):
    """A rule in force. It is off, asks for confirmation, or blocks. It knows no clock, no session and no person."""

    __slots__ = ()

    name: ClassVar[str]
    description: ClassVar[str]
    words: ClassVar[str]
    settings: ClassVar[type[BaseModel]]

    action: RuleAction

    @classmethod
    @abstractmethod
    def of(cls, settings: TheirSettings, currencies: tuple[str, ...]) -> Self:
        """The rule that those settings say, for the currencies served."""

    @abstractmethod
    def thresholds(self, currency: str) -> Thresholds:
        """What applies to payments of that currency, for the words and for a reason to keep."""

    @abstractmethod
    def matches(self, facts: Facts) -> bool:
        """Whether that payment is risky by this rule. Asked only while the rule is not off."""

    @property
    def recent(self) -> RecentPayments | None:
        """The recent payments to count for it; None when it counts none. At most one rule has such a count."""
        return None
