"""The base class of a risk rule. Each rule is a class in a file of its own.

name            the name that is stored; the schema has it in capitals
description     the description for the schema
words           the message to the sender when the rule matches, with thresholds in braces
settings        the settings for the environment and operators, each with a description
of              creates the rule from the settings
thresholds      the thresholds in one currency; they are stored with a reason
matches         whether the facts of a payment make it risky
recent          the recent payments to count for the rule, if any

Decision 29 gives the reasons.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, Self, TypeAlias, TypeVar

from pydantic import BaseModel

from pocketpay.risk.facts import Facts, RecentPayments

Thresholds: TypeAlias = dict[str, str | int]
"""Thresholds by name, as text and integers, so that they can be stored as JSON."""


class RuleAction(StrEnum):
    """What a risk rule does when it matches."""

    OFF = "off"
    CONFIRM = "confirm"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason for which a payment is risky: the name of the rule, and the thresholds that applied.

    The thresholds are stored, so that a payment can still be explained after the settings have changed.
    """

    rule: str
    facts: Thresholds


RuleSettings = TypeVar("RuleSettings", bound=BaseModel, contravariant=True)


class Rule(ABC, Generic[RuleSettings]):
    """A rule in force. Its action is off, confirm or block. It uses no clock, no session and no user."""

    __slots__ = ()

    name: ClassVar[str]
    description: ClassVar[str]
    words: ClassVar[str]
    settings: ClassVar[type[BaseModel]]

    action: RuleAction

    @classmethod
    @abstractmethod
    def of(cls, settings: RuleSettings, currencies: tuple[str, ...]) -> Self:
        """Creates the rule from the settings, for the served currencies."""

    @abstractmethod
    def thresholds(self, currency: str) -> Thresholds:
        """Returns the thresholds for payments in the currency, for `words` and for the stored reason."""

    @abstractmethod
    def matches(self, facts: Facts) -> bool:
        """Returns whether the payment is risky by this rule. Only called if the rule's action is not OFF."""

    @property
    def recent(self) -> RecentPayments | None:
        """The recent payments to count for the rule; None if it needs no count. At most one rule needs a count."""
        return None
