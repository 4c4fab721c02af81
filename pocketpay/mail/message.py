"""A mail as an email message with its headers."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from email_validator import validate_email

from pocketpay.mail.mail import ClaimedMail
from pocketpay.mail.texts import Text


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of all emails: a name, which may be empty, and an address."""

    name: str
    address: str


def message_of(mail: ClaimedMail, text: Text, sender: Sender) -> EmailMessage:
    """Returns the mail as a message. Its Message-ID and Date are the same at every try, so receivers can recognise
    repeated ones."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender.name, addr_spec=in_ascii(sender.address))
    message["To"] = Address(addr_spec=in_ascii(mail.recipient))
    message["Subject"] = text.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.id.hex}@{in_ascii(sender.address).rpartition('@')[2]}>"
    # Prevents out-of-office replies (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.plain)
    message.add_alternative(text.html, subtype="html")
    return message


def in_ascii(address: str) -> str:
    """Returns the address with its domain in punycode, which every server accepts."""
    kept = validate_email(address, allow_smtputf8=False, check_deliverability=False, test_environment=True)
    assert kept.ascii_email is not None  # noqa: S101 - the part before the "@" is ASCII
    return kept.ascii_email
