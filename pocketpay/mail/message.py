"""A mail as it goes over the wire."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from email_validator import validate_email

from pocketpay.mail.mail import ClaimedMail
from pocketpay.mail.texts import Text


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: a name, perhaps empty, and an address."""

    name: str
    address: str


def message_of(mail: ClaimedMail, text: Text, sender: Sender) -> EmailMessage:
    """The mail with its headers. Message-ID and Date are the same at every try: receivers see that it is one mail."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender.name, addr_spec=in_ascii(sender.address))
    message["To"] = Address(addr_spec=in_ascii(mail.recipient))
    message["Subject"] = text.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.id.hex}@{in_ascii(sender.address).rpartition('@')[2]}>"
    # No out-of-office replies to it (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.plain)
    message.add_alternative(text.html, subtype="html")
    return message


def in_ascii(address: str) -> str:
    """The address as every server takes it: a domain of other letters in punycode."""
    kept = validate_email(address, allow_smtputf8=False, check_deliverability=False, test_environment=True)
    assert kept.ascii_email is not None  # noqa: S101 - what is before the "@" is ASCII
    return kept.ascii_email
