"""The channels of the outbox: email and text messages. The kind of a mail says which one it takes.

Each channel has a sender of its own (sender.py), so a provider that is away keeps no mail of the other one waiting.
"""

from collections.abc import Mapping
from typing import Protocol

from pocketpay.mail.delivery import Delivery
from pocketpay.mail.mail import TEXT_MESSAGES, ClaimedMail, Kind
from pocketpay.mail.message import Sender, message_of
from pocketpay.mail.text_messages import TextProvider
from pocketpay.mail.texts import short_text_of, text_of


class Channel(Protocol):
    """A way on which mails of some kinds are delivered."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of mails that take this channel."""

    async def deliver(self, mail: ClaimedMail, facts: Mapping[str, object]) -> None:
        """Delivers one mail, whose text is made with those facts. Raises NotDelivered."""

    async def rest(self) -> None:
        """Nothing is to be delivered for a while: closes what is open."""


class Email:
    """Mails that an SMTP server, or the log, is given."""

    kinds = frozenset(Kind) - TEXT_MESSAGES

    def __init__(self, delivery: Delivery, sender: Sender) -> None:
        self._delivery, self._sender = delivery, sender

    async def deliver(self, mail: ClaimedMail, facts: Mapping[str, object]) -> None:
        await self._delivery.deliver(message_of(mail, text_of(mail.kind, facts), self._sender))

    async def rest(self) -> None:
        await self._delivery.rest()


class TextMessages:
    """Text messages to a phone number."""

    kinds = TEXT_MESSAGES

    def __init__(self, provider: TextProvider) -> None:
        self._provider = provider

    async def deliver(self, mail: ClaimedMail, facts: Mapping[str, object]) -> None:
        await self._provider.send(mail.recipient, short_text_of(mail.kind, facts), id=mail.id)

    async def rest(self) -> None:
        await self._provider.rest()
