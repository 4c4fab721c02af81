"""Parses the changes that a user makes to their own profile, from typed texts to values that can be stored.

UNCHANGED   a field that was not given
None        a field to be cleared
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from pocketpay.errors import Refusal
from pocketpay.identity import avatars, contacts, names
from pocketpay.identity.errors import InvalidProfile


class Unchanged(Enum):
    """The type of UNCHANGED, which leaves a field as it is."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED

NewValue: TypeAlias = str | Unchanged | None


@dataclass(frozen=True, slots=True)
class TypedChanges:
    """The changes as typed. `current_password` is required when the email address or the phone number is given."""

    raw_name: NewValue = UNCHANGED
    raw_email: NewValue = UNCHANGED
    raw_phone: NewValue = UNCHANGED
    raw_avatar_url: NewValue = UNCHANGED
    current_password: str | None = field(default=None, repr=False)

    @property
    def needs_password(self) -> bool:
        """Whether a login (the email address or the phone number) changes. A stolen session alone must not be enough
        to take over an account."""
        return self.raw_email is not UNCHANGED or self.raw_phone is not UNCHANGED


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes in the form in which they are stored."""

    name: NewValue = UNCHANGED
    email: NewValue = UNCHANGED
    phone: NewValue = UNCHANGED
    avatar_url: NewValue = UNCHANGED


def read(typed: TypedChanges) -> tuple[Changes, list[Refusal]]:
    """Parses the changes. Returns them with a refusal for each invalid field, which stays unchanged."""
    refusals: list[Refusal] = []

    def parsed(raw: NewValue, parse: Callable[[str], str]) -> NewValue:
        if raw is None or isinstance(raw, Unchanged):
            return raw
        try:
            return parse(raw)
        except Refusal as refusal:
            refusals.append(refusal)
            return UNCHANGED

    if typed.raw_name is None:
        refusals.append(InvalidProfile("name", "cannot be cleared"))
    return Changes(
        name=UNCHANGED if typed.raw_name is None else parsed(typed.raw_name, names.display_name),
        email=parsed(typed.raw_email, contacts.email_address),
        phone=parsed(typed.raw_phone, contacts.phone_number),
        avatar_url=parsed(typed.raw_avatar_url, avatars.picture_url),
    ), refusals
