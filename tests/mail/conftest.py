"""An outbox over a fresh database, and senders of it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from pocketpay.database.sessions import Database
from pocketpay.identity.user import User
from pocketpay.mail import retries, sender
from pocketpay.mail.message import Sender
from pocketpay.mail.sender import MailSender
from pocketpay.mail.smtp import Server, SmtpDelivery
from pocketpay.settings import SmtpTls
from tests.conftest import Dsns
from tests.mail.smtp_server import Mailbox, mailbox
from tests.people import arrive, receiving

SENDER = Sender("Pocket Pay", "no-reply@pocketpay.test")


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox() as opened:
        yield opened


@pytest.fixture
async def database(database_dsn: Dsns) -> AsyncIterator[Database]:
    """A database of its own: the senders take every mail of it."""
    opened = await Database.open(database_dsn.server, readers=2, writers=2)
    yield opened
    await opened.close()


@pytest.fixture
async def ada(database: Database) -> User:
    async with receiving(database) as reception:
        return (await arrive(reception, "ada", raw_email="ada@example.com")).user


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short."""
    monkeypatch.setattr(sender, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(sender, "LONGEST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(retries, "FIRST_PAUSE", timedelta(milliseconds=20))


@asynccontextmanager
async def sending(dsn: str, port: int, *, tls: SmtpTls = SmtpTls.NONE) -> AsyncIterator[MailSender]:
    """A sender as a server has it, which sends until the block ends."""
    async with AsyncExitStack() as stack:
        own = await Database.open(dsn, readers=1, writers=1)
        stack.push_async_callback(own.close)
        made = MailSender(own, SmtpDelivery(Server("127.0.0.1", port, tls)), SENDER, keep=timedelta(days=7))
        made.start()
        stack.push_async_callback(made.close)
        yield made
