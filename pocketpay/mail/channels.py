"""The channels of the outbox: email and text messages. The kind of a mail determines its channel.

Each channel has its own sender (sender.py), so a provider that does not answer delays no mail of the other channel.
"""

from collections.abc import Mapping
from typing import Protocol

from pocketpay.mail.delivery import Delivery
from pocketpay.mail.mail import TEXT_MESSAGES, ClaimedMail, Kind
from pocketpay.mail.message import Sender, message_of
from pocketpay.mail.text_messages import TextProvider
from pocketpay.mail.texts import short_text_of, text_of


class Channel(Protocol):
    """Delivers the mails of some kinds."""

    @property
    def name(self) -> str:
        """The name of the channel in the metrics."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of mails that use this channel."""

    async def deliver(self, mail: ClaimedMail, facts: Mapping[str, object]) -> None:
        """Delivers one mail, with a text rendered from `facts`. Raises NotDelivered."""

    async def close_idle(self) -> None:
        """Closes idle connections; called when no mail is due."""


class Email:
    """Emails, delivered to an SMTP server or shown in the log."""

    name = "mails"
    kinds = frozenset(Kind) - TEXT_MESSAGES

    def __init__(self, delivery: Delivery, sender: Sender) -> None:
        self._delivery, self._sender = delivery, sender

    async def deliver(self, mail: ClaimedMail, facts: Mapping[str, object]) -> None:
        await self._delivery.deliver(message_of(mail, text_of(mail.kind, facts), self._sender))

    async def close_idle(self) -> None:
        await self._delivery.close_idle()


class TextMessages:
    """Text messages to a phone number."""

    name = "text_messages"
    kinds = TEXT_MESSAGES

    def __init__(self, provider: TextProvider) -> None:
        self._provider = provider

    async def deliver(self, mail: ClaimedMail, facts: Mapping[str, object]) -> None:
        await self._provider.send(mail.recipient, short_text_of(mail.kind, facts), id=mail.id)

    async def close_idle(self) -> None:
        await self._provider.close_idle()
