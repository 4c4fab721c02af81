"""Sending short text messages: the protocol of a provider, and the simulated one of development."""

from typing import Protocol
from uuid import UUID

import structlog

log = structlog.get_logger(__name__)


class TextProvider(Protocol):
    """A provider of text messages (SMS); any number of messages at the same time."""

    async def send(self, number: str, text: str, *, id: UUID) -> None:
        """Sends one message to a number in E.164. `id` is the same at every try, for providers that leave repeated
        messages out. Raises NotDelivered."""

    async def rest(self) -> None:
        """Nothing is to be sent for a while: closes what is open."""


class SimulatedTextProvider:
    """Shows each message in the log. Never in production: whoever reads the log could use the code."""

    async def send(self, number: str, text: str, *, id: UUID) -> None:
        log.info("text_message_is_not_sent_in_development", name=masked_number(number), text=text)

    async def rest(self) -> None:
        """Nothing is open."""


def masked_number(number: str) -> str:
    """The number as a log may have it: its last two digits."""
    return f"…{number[-2:]}"
