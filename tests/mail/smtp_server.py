"""A real SMTP server on this machine, which does as a test tells it."""

import asyncio
import email
import email.policy
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Reply = Callable[[EmailMessage], str | None]
"""What is said to a mail; None hangs up without a word, in the middle of the conversation."""


class Mailbox:
    """A server's handler. `accepted` are the mails that it has taken, in order."""

    def __init__(self) -> None:
        self.port = 0
        self.accepted: list[EmailMessage] = []
        self.asked = 0
        self.slow_seconds = 0.0
        self.replies: list[Reply] = []
        """What is said to the next mails; then every mail is taken."""
        self.logins: list[tuple[str, str]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.asked += 1
        raw = cast(bytes, envelope.content)
        message = email.message_from_bytes(raw, policy=email.policy.default)
        await asyncio.sleep(self.slow_seconds)
        if self.replies:
            reply = self.replies.pop(0)(message)
            if reply is None:
                assert server.transport is not None
                cast(asyncio.Transport, server.transport).abort()
                return "250 nobody hears this"
            if not reply.startswith("2"):
                return reply
        self.accepted.append(message)
        return "250 OK"

    def authenticated(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: Any) -> AuthResult:
        login = cast(LoginPassword, data)
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=login.password == b"right", handled=False)

    @property
    def ids(self) -> list[str]:
        return [str(message["Message-ID"]) for message in self.accepted]


@asynccontextmanager
async def mailbox(**options: Any) -> AsyncIterator[Mailbox]:
    """A server on a free port of 127.0.0.1."""
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="mail.test", loop=loop, authenticator=box.authenticated, **options),
        "127.0.0.1",
        0,
        family=socket.AF_INET,
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


def says(reply: str | None) -> Reply:
    return lambda _: reply
