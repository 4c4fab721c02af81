"""Email addresses and telephone numbers, each in the one form it is kept in. Nothing is looked up on the network."""

import re
from enum import StrEnum

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from pocketpay.identity.errors import InvalidProfile
from pocketpay.text.pasted import dialled, trimmed

LONGEST_TYPED = 320


class Contact(StrEnum):
    """What a user is reached by, and may verify."""

    EMAIL = "email"
    PHONE = "phone"


_DIALLED = re.compile(r"\+[0-9 ().\-/]{5,40}", re.ASCII)
"""What a number in full may be written with; the library would also take letters for digits."""


def email_address(typed: str) -> str:
    """The address with its domain in lower case; what is before the "@" keeps its case. Raises InvalidProfile.

    White space and invisible marks around it, which a pasted address may bring, are not part of it.
    Before the "@" only ASCII is taken: PostgreSQL must fold its case the same way everywhere for it to be unique.
    """
    if len(typed) > LONGEST_TYPED:
        raise InvalidProfile("email", "is too long")
    try:
        # Addresses that tests and demos are given (RFC 2606) are taken too: mail to them goes nowhere.
        kept = validate_email(
            trimmed(typed), check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError:
        raise InvalidProfile("email", "must be an email address") from None
    return kept.normalized


def phone_number(typed: str) -> str:
    """The number in E.164, "+12025550123". Raises InvalidProfile unless it is written in full, with its country.

    It may be written in digits of any script, with any spaces and hyphens, and among marks that nobody sees.
    """
    if len(typed) > LONGEST_TYPED:
        raise InvalidProfile("phone", "must be a number with its country code, like +12025550123")
    shown = dialled(typed)
    if _DIALLED.fullmatch(shown) is None:
        raise InvalidProfile("phone", "must be a number with its country code, like +12025550123")
    try:
        number = phonenumbers.parse(shown, None)
    except phonenumbers.NumberParseException:
        raise InvalidProfile("phone", "must be a number with its country code, like +12025550123") from None
    # Possible, not valid: which ranges are given out changes faster than any library.
    if not phonenumbers.is_possible_number(number):
        raise InvalidProfile("phone", "has too few or too many digits for its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
