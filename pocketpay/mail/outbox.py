"""The outbox, into which units of work put their mails. Decision 30 gives the reasons."""

from datetime import timedelta

from pocketpay.database.sessions import Session
from pocketpay.mail import repository
from pocketpay.mail.mail import Kind, Mail


class Outbox:
    """One server's access to the outbox. When mail is off, nothing is put into it."""

    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on

    async def put(self, session: Session, mail: Mail) -> None:
        """Adds the mail, within a unit of work; it is sent after the commit. Does nothing for a repeated event."""
        if self.is_on:
            await repository.put(session, mail)

    async def last_due(self, session: Session, kind: Kind) -> timedelta | None:
        """Returns the time until the last waiting mail of this kind is due, or None when none waits."""
        return await repository.last_due(session, kind)
