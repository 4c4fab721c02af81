"""Delivery to an SMTP server. Connections are kept open while mails are due, and closed when none is.

A connection is never downgraded: with SMTP_TLS=starttls or implicit, nothing is sent to a server that does not offer
TLS or whose certificate is not valid.
"""

import asyncio
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Self

import aiosmtplib
from aiosmtplib import SMTP

from pocketpay.mail.delivery import NotDelivered, Rejected, ServerUnavailable, TryLater
from pocketpay.mail.message import in_ascii
from pocketpay.settings import Settings, SmtpTls

CONNECT_SECONDS = 10.0
REPLY_SECONDS = 20.0
"""The timeout for one reply. RFC 5321 (4.5.3.2) suggests minutes, but a user who waits for a code needs it sooner."""

MAX_PER_CONNECTION = 50
"""Mails sent over one connection. Servers usually end a connection after about a hundred."""


@dataclass(frozen=True, slots=True)
class Server:
    """The SMTP server that mails are delivered to. `greeting` is the name that we send in EHLO."""

    host: str
    port: int
    tls: SmtpTls
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    greeting: str = "localhost"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Returns the server of the settings; SMTP_HOST must be set."""
        assert settings.smtp_host is not None  # noqa: S101 - see the docstring
        password = settings.smtp_password
        return cls(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_tls,
            settings.smtp_username,
            None if password is None else password.get_secret_value(),
            greeting=in_ascii(settings.sender[1]).rpartition("@")[2],
        )


class SmtpDelivery:
    """Delivers to one SMTP server. Deliveries at the same time use separate connections."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._idle: list[_Connection] = []

    async def deliver(self, message: EmailMessage) -> None:
        connection = await self._connection()
        try:
            await connection.deliver(message)
        finally:
            if connection.is_usable:
                self._idle.append(connection)
            else:
                connection.close()

    async def close_idle(self) -> None:
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.quit() for connection in idle))

    async def _connection(self) -> "_Connection":
        while self._idle:
            connection = self._idle.pop()
            is_alive = False
            try:
                is_alive = await connection.is_alive()
            finally:
                if not is_alive:
                    connection.close()
            if is_alive:
                return connection
        return await _Connection.open(self._server)


class _Connection:
    """One connection to the server, logged in."""

    def __init__(self, client: SMTP) -> None:
        self._client = client
        self._mails = 0
        self._broken = False

    @classmethod
    async def open(cls, server: Server) -> Self:
        """Connects and logs in. Raises ServerUnavailable."""
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            local_hostname=server.greeting,
            timeout=CONNECT_SECONDS,
            use_tls=server.tls is SmtpTls.IMPLICIT,
            start_tls=server.tls is SmtpTls.STARTTLS,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise ServerUnavailable(_failure(error)) from None
        client.timeout = REPLY_SECONDS
        return cls(client)

    @property
    def is_usable(self) -> bool:
        return not self._broken and self._client.is_connected and self._mails < MAX_PER_CONNECTION

    async def is_alive(self) -> bool:
        """Whether the connection is still open on the server's side."""
        try:
            return (await self._client.noop(timeout=CONNECT_SECONDS)).code == 250
        except (aiosmtplib.SMTPException, OSError):
            return False

    async def deliver(self, message: EmailMessage) -> None:
        """Sends one message. Raises NotDelivered."""
        self._mails += 1
        self._broken = True
        try:
            await self._client.send_message(message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # After a reply the connection can be used again; after any other error its state is unknown.
            self._broken = not isinstance(error, aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientsRefused)
            raise _as_not_delivered(error) from None
        self._broken = False

    async def quit(self) -> None:
        """Ends the connection with QUIT."""
        try:
            await self._client.quit(timeout=1.0)
        except (aiosmtplib.SMTPException, OSError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        self._client.close()


def _as_not_delivered(error: Exception) -> NotDelivered:
    """Returns the NotDelivered that an error during a delivery means."""
    code = _code(error)
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and code is not None and code >= 500:
        return ServerUnavailable(_failure(error))
    if isinstance(error, ValueError) or (code is not None and code >= 500):
        return Rejected(_failure(error))
    return TryLater(_failure(error))


def _failure(error: Exception) -> str:
    """Returns the reply code, or the name of the error's class; never the text of a reply."""
    code = _code(error)
    return type(error).__name__ if code is None else str(code)


def _code(error: Exception) -> int | None:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None
