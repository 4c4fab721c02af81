"""The possible results of one try to deliver a mail.

    delivered                 `deliver` returns: the SMTP server has accepted the mail
    ServerUnavailable         no mail can be delivered now: no connection, no encryption, a wrong login, or a refused
                              sender address. It does not count as a try of the mail
    TryLater                  this mail was not accepted: a 4xx reply, or a lost connection. After a lost connection
                              the server may have accepted it; the mail is sent again anyway
    Rejected                  a 5xx reply about this recipient or this text: it is not tried again

`failure` is a reply code or the name of an error, never the text of the SMTP server's reply, which repeats the
address.
"""

from email.message import EmailMessage
from typing import Protocol

from pocketpay.errors import PocketPayError


class NotDelivered(PocketPayError):
    """A try that failed."""

    def __init__(self, failure: str) -> None:
        super().__init__(failure)
        self.failure = failure


class ServerUnavailable(NotDelivered):
    """No mail can be delivered now."""


class TryLater(NotDelivered):
    """The mail server did not accept this mail now. A later try may succeed."""


class Rejected(NotDelivered):
    """The mail server will never accept this mail."""


class Delivery(Protocol):
    """Delivers emails. Any number of deliveries may run at the same time."""

    async def deliver(self, message: EmailMessage) -> None:
        """Delivers one mail. Raises NotDelivered."""

    async def close_idle(self) -> None:
        """Closes idle connections; called when no mail is due."""
