"""Parses a phone number of an export into E.164, such as "+12025550123".

with a plus                  a full number, parsed as at sign-up
digits from auth.users       a full number without the plus, as Supabase stores it, if it is valid; "2025550123" is
                             local
other text from a profile    a local number, as people typed it, of the country that the operator names

A number that can be read in two ways is refused, so that nobody gets the number of somebody else.
"""

import re

import phonenumbers

from pocketpay.identity.contacts import LONGEST_TYPED, phone_number
from pocketpay.identity.errors import InvalidProfile
from pocketpay.text.pasted import dialled

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""The two-letter codes of the countries whose local numbers can be parsed."""

_IN_FULL = re.compile(r"[1-9]\d{5,14}", re.ASCII)
_DIALLED = re.compile(r"[0-9 ().\-/]{3,40}", re.ASCII)


def from_supabase(raw: str, country: str | None) -> str:
    """Parses a number from auth.users. Raises InvalidProfile."""
    return _read(raw, country, may_lack_plus=True)


def from_profile(raw: str, country: str | None) -> str:
    """Parses a number from profiles. Raises InvalidProfile."""
    return _read(raw, country, may_lack_plus=False)


def _read(raw: str, country: str | None, *, may_lack_plus: bool) -> str:
    shown = dialled(raw[:LONGEST_TYPED])
    if _DIALLED.fullmatch(shown) is None:
        return phone_number(raw)
    in_full = _valid(f"+{shown}", None) if _IN_FULL.fullmatch(shown) else None
    local = None if country is None else _valid(shown, country)
    if in_full is not None and local is not None and in_full != local:
        if may_lack_plus and phonenumbers.parse(in_full).country_code == phonenumbers.parse(local).country_code:
            return in_full
        raise InvalidProfile("phone", f"could be {in_full} or {local}: write it with its plus sign")
    number = local or (in_full if may_lack_plus else None)
    if number is not None:
        return number
    if country is None:
        raise InvalidProfile("phone", "has no country code: write it like +12025550123, or name the --country")
    raise InvalidProfile("phone", f"is not a number of {country}: write it with its country code, like +12025550123")


def _valid(written: str, country: str | None) -> str | None:
    """Returns the number in E.164 when it is in an assigned range, or None.

    For a local number, this is the only check that it was parsed correctly.
    """
    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
