"""Parses email addresses and phone numbers into their stored forms. Nothing is looked up on the network."""

import re
from enum import StrEnum

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from pocketpay.identity.errors import InvalidProfile
from pocketpay.text.pasted import dialled, trimmed

LONGEST_TYPED = 320


class Contact(StrEnum):
    """The two kinds of contact that a user can verify."""

    EMAIL = "email"
    PHONE = "phone"


_DIALLED = re.compile(r"\+[0-9 ().\-/]{5,40}", re.ASCII)
"""The characters that a full number may have. The library alone would also accept letters as digits."""


def email_address(typed: str) -> str:
    """Returns the address with its domain in lower case; the part before the "@" keeps its case.

    White space and invisible characters around it, as in a pasted text, are removed. Raises InvalidProfile. The part
    before the "@" must be ASCII: addresses are compared without case, and PostgreSQL folds only ASCII the same way
    everywhere.
    """
    if len(typed) > LONGEST_TYPED:
        raise InvalidProfile("email", "is too long")
    try:
        # `test_environment` accepts the reserved domains of tests and demos (RFC 2606). Mail to them goes nowhere.
        kept = validate_email(
            trimmed(typed), check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError:
        raise InvalidProfile("email", "must be an email address") from None
    return kept.normalized


def phone_number(typed: str) -> str:
    """Returns the number in E.164, such as "+12025550123". Raises InvalidProfile when the country code is missing.

    Digits may be of any script. Spaces, hyphens and invisible characters are ignored.
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
    # The check is for possible numbers, not for assigned ones: assigned ranges change faster than any library.
    if not phonenumbers.is_possible_number(number):
        raise InvalidProfile("phone", "has too few or too many digits for its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
