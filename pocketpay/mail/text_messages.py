"""Text messages: the protocol of a provider, and a simulated provider for development."""

from typing import Protocol
from uuid import UUID

import structlog

log = structlog.get_logger(__name__)


class TextProvider(Protocol):
    """A provider of text messages (SMS). Any number of messages may be sent at the same time."""

    async def send(self, number: str, text: str, *, id: UUID) -> None:
        """Sends one message to a number in E.164. Raises NotDelivered.

        `id` is the same at every try, so that a provider can ignore repeated messages.
        """

    async def close_idle(self) -> None:
        """Closes idle connections; called when no message is due."""


class SimulatedTextProvider:
    """Shows each message in the log. Never used in production, where readers of the log could use the codes."""

    async def send(self, number: str, text: str, *, id: UUID) -> None:
        log.info("text_message_is_not_sent_in_development", name=masked_number(number), text=text)

    async def close_idle(self) -> None:
        """Does nothing: there is no connection."""


def masked_number(number: str) -> str:
    """Returns the number as it may appear in a log: its last two digits."""
    return f"…{number[-2:]}"
