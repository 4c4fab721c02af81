"""Puts mails into an outbox, and sends them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from pocketpay.database.sessions import Database, Session
from pocketpay.mail.channels import Email
from pocketpay.mail.delivery import Delivery
from pocketpay.mail.mail import Kind, Mail
from pocketpay.mail.message import Sender
from pocketpay.mail.outbox import Outbox
from pocketpay.mail.sender import MailSender
from pocketpay.mail.smtp import SmtpDelivery
from tests.mail.smtp_server import SmtpServer
from tests.patience import PATIENCE_SECONDS
from tests.people import arrive, receiving

CODE = "1234 5678"
KEPT = timedelta(days=7)


class Post:
    """Puts mails to one user into the outbox of a database."""

    def __init__(self, database: Database, user_id: UUID) -> None:
        self.database, self.user_id = database, user_id

    async def put(
        self, event: str = "first", *, recipient: str = "ada@example.com", lifetime: timedelta = timedelta(hours=1)
    ) -> None:
        async with self.database.write() as session:
            await self.put_in(session, event, recipient=recipient, lifetime=lifetime)

    async def put_in(
        self,
        session: Session,
        event: str = "first",
        *,
        recipient: str = "ada@example.com",
        lifetime: timedelta = timedelta(hours=1),
    ) -> None:
        """The same, in the given unit of work."""
        facts = {"username": "ada", "minutes": "15"}
        await Outbox(is_on=True).put(
            session, Mail(self.user_id, event, recipient, Kind.VERIFY_EMAIL, lifetime, facts)
        )

    async def put_many(self, number: int) -> None:
        for one in range(number):
            await self.put(f"event {one}", recipient=f"person{one}@example.com")


@asynccontextmanager
async def posting(database: Database) -> AsyncIterator[Post]:
    async with receiving(database) as services:
        ada = await arrive(services)
        yield Post(database, ada.viewer.user_id)


def sender_to(database: Database, smtp: SmtpServer | Delivery, *, link: str | None = None) -> MailSender:
    """Returns the sender of a server, not started."""
    delivery = SmtpDelivery(smtp.address) if isinstance(smtp, SmtpServer) else smtp
    return MailSender(
        database,
        Email(delivery, Sender("Pocket Pay", "no-reply@example.com")),
        lambda mail: {"code": CODE, "link": link},
        keep=KEPT,
    )


async def send_all(*senders: MailSender) -> None:
    """Sends until no mail is due, and waits until all are sent."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        claimed = True
        while claimed:
            claimed = any([await sender.send_due() for sender in senders])
            sending = [task for sender in senders for task in sender.sending]
            if sending:
                await asyncio.wait(sending)
    for sender in senders:
        await sender.close()
