"""Delivery in development, where there is no SMTP server: the log shows the mail."""

from email.message import EmailMessage
from typing import Any

import structlog

from pocketpay.mail.mail import masked

log = structlog.get_logger(__name__)


class ShownMail:
    """Shows each mail in the log. Never in production: a mail is for its recipient alone."""

    async def deliver(self, message: EmailMessage) -> None:
        plain: Any = message.get_body(("plain",))
        log.info(
            "mail_is_not_sent_in_development",
            name=masked(message["To"]),
            text=f"{message['Subject']}\n\n{plain.get_content()}",
        )

    async def rest(self) -> None:
        """Nothing is open."""
