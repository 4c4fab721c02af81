"""An SMTP server in this process, whose behaviour a test chooses."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from pocketpay.mail.smtp import Server
from pocketpay.settings import SmtpTls

Step = Callable[[SMTP, str], Awaitable[str | None]]
"""The server's action for a command about that recipient: returns the reply, or None for the usual one."""


class SmtpServer:
    """The received mails, and the server's behaviour.

    at_mail, at_recipient, at_data    its action for that command; by default it accepts
    accepted                          the mails it has accepted, in order
    """

    def __init__(self) -> None:
        self.accepted: list[EmailMessage] = []
        self.connections = 0
        self.logins: list[tuple[bytes, bytes]] = []
        self.at_mail: Step = accepts
        self.at_recipient: Step = accepts
        self.at_data: Step = accepts
        self.after_acceptance: Step = accepts
        self.port = 0
        self._open: set[asyncio.Transport] = set()

    @property
    def address(self) -> Server:
        return Server("127.0.0.1", self.port, SmtpTls.NONE)

    @property
    def recipients(self) -> list[str]:
        return [message["To"] for message in self.accepted]

    def break_connections(self) -> None:
        for transport in self._open:
            transport.abort()
        self._open.clear()

    # ------------------------------------------------------------ called by aiosmtpd

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self.at_mail(server, address)
        if reply is None:
            envelope.mail_from = address
        return reply or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = await self.at_recipient(server, address)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        recipient = envelope.rcpt_tos[0]
        reply = await self.at_data(server, recipient)
        if reply is not None:
            return reply
        content = envelope.content
        assert isinstance(content, bytes)
        self.accepted.append(message_from_bytes(content, policy=policy.default))
        return await self.after_acceptance(server, recipient) or "250 accepted"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, said: Any) -> AuthResult:
        assert isinstance(said, LoginPassword)
        self.logins.append((said.login, said.password))
        return AuthResult(success=said.password == b"right", handled=False)


async def accepts(server: SMTP, address: str) -> str | None:
    """Sends the usual reply."""
    return None


async def hangs(server: SMTP, address: str) -> str | None:
    """Never replies."""
    await asyncio.sleep(3600)
    return None


async def dies(server: SMTP, address: str) -> str | None:
    """Breaks the connection before the reply."""
    assert server.transport is not None
    server.transport.close()
    return "421 gone"


def replies(reply: str) -> Step:
    """Returns an action that always sends that reply."""

    async def step(server: SMTP, address: str) -> str | None:
        return reply

    return step


@asynccontextmanager
async def smtp_serving(*, login: bool = False) -> AsyncIterator[SmtpServer]:
    """Runs a server on a free port. With `login` it accepts mail only after authentication."""
    operator_services = SmtpServer()
    loop = asyncio.get_running_loop()

    class Connection(SMTP):
        def connection_made(self, transport: Any) -> None:
            operator_services.connections += 1
            operator_services._open.add(transport)
            super().connection_made(transport)

    def connection() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about passwords without encryption, which is safe on this machine
            return Connection(
                operator_services,
                hostname="mail.example.com",
                auth_required=login,
                auth_require_tls=False,
                authenticator=operator_services.authenticate if login else None,
                loop=loop,
            )

    server = await loop.create_server(connection, "127.0.0.1", 0)
    operator_services.port = server.sockets[0].getsockname()[1]
    try:
        yield operator_services
    finally:
        server.close()
        operator_services.break_connections()
        await asyncio.sleep(0)
