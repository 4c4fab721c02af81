"""What becomes of one try to deliver a mail.

    delivered                 `deliver` returns: the SMTP server has accepted the mail
    ServerUnavailable         no mail can be delivered now: no connection, no encryption, a wrong login, a sender that
                              is refused. It counts against no mail
    TryLater                  this mail was not accepted: a 4xx reply, or the connection was lost on the way. Then it
                              may have been accepted, and is sent again all the same
    Rejected                  a 5xx reply about this recipient or this text: it is not tried again

`failure` is a reply code or the name of an error, never the words of the SMTP server: they repeat the address.
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
    """This mail was not accepted; it may be at another time."""


class Rejected(NotDelivered):
    """This mail is never accepted."""


class Delivery(Protocol):
    """A way to deliver mails; any number of them at the same time."""

    async def deliver(self, message: EmailMessage) -> None:
        """Delivers one mail. Raises NotDelivered."""

    async def rest(self) -> None:
        """Nothing is to be delivered for a while: closes what is open."""
