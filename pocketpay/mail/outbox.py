"""The outbox: where units of work put their mails. Decision 30 gives the reasons."""

from datetime import timedelta

from pocketpay.database.sessions import Session
from pocketpay.mail import repository
from pocketpay.mail.mail import Kind, Mail


class Outbox:
    """One server's outbox. Where mail is off nothing is put into it."""

    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on

    async def put(self, session: Session, mail: Mail) -> None:
        """Within a unit of work: the mail is sent once that is committed. The same event again does nothing."""
        if self.is_on:
            await repository.put(session, mail)

    async def last_due(self, session: Session, kind: Kind) -> timedelta | None:
        """In how long the last mail of that kind is due that waits; None where none does."""
        return await repository.last_due(session, kind)
