"""Delivery in development, where there is no SMTP server: the log shows the mail, with its code and its link."""

from email.message import EmailMessage

import structlog

log = structlog.get_logger(__name__)


class LogDelivery:
    """Shows each mail in the log. Never used in production, where readers of the log could use the codes."""

    async def deliver(self, message: EmailMessage) -> None:
        plain = message.get_body(("plain",))
        assert isinstance(plain, EmailMessage)  # noqa: S101 - every mail has a part of plain text
        text = f"{message['Subject']}\n\n{plain.get_content()}"
        log.info("mail_is_not_sent_in_development", name=masked(message["To"]), text=text)

    async def close_idle(self) -> None:
        """Does nothing: there is no connection."""


def masked(address: str) -> str:
    """Returns the address as it may appear in a log: its first letter and its domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
