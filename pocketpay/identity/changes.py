"""Parses the changes that a user makes to their own profile, from typed texts to values that can be stored.

UNCHANGED   a field that was not given
None        a field to be cleared
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from pocketpay.errors import Refusal
from pocketpay.identity import avatars, contacts, names
from pocketpay.identity.errors import InvalidProfile


class Stays(Enum):
    """The type of UNCHANGED, which leaves a field as it is."""

    STAYS = "stays"


STAYS: Final = Stays.STAYS

Wanted: TypeAlias = str | Stays | None


@dataclass(frozen=True, slots=True)
class Wish:
    """The changes as typed. `current_password` is required when the email address or the phone number is given."""

    raw_name: Wanted = STAYS
    raw_email: Wanted = STAYS
    raw_phone: Wanted = STAYS
    raw_avatar_url: Wanted = STAYS
    current_password: str | None = None

    @property
    def needs_password(self) -> bool:
        """Whether a login (the email address or the phone number) changes. A stolen session alone must not be enough
        to take over an account."""
        return self.raw_email is not STAYS or self.raw_phone is not STAYS


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes in the form in which they are stored."""

    name: Wanted = STAYS
    email: Wanted = STAYS
    phone: Wanted = STAYS
    avatar_url: Wanted = STAYS


def read(wish: Wish) -> tuple[Changes, list[Refusal]]:
    """Parses the changes. Returns them with a refusal for each invalid field, which stays unchanged."""
    refusals: list[Refusal] = []

    def fit(typed: Wanted, parse: Callable[[str], str]) -> Wanted:
        if typed is None or isinstance(typed, Stays):
            return typed
        try:
            return parse(typed)
        except Refusal as refusal:
            refusals.append(refusal)
            return STAYS

    if wish.raw_name is None:
        refusals.append(InvalidProfile("name", "cannot be cleared"))
    return Changes(
        name=STAYS if wish.raw_name is None else fit(wish.raw_name, names.display_name),
        email=fit(wish.raw_email, contacts.email_address),
        phone=fit(wish.raw_phone, contacts.phone_number),
        avatar_url=fit(wish.raw_avatar_url, avatars.picture_url),
    ), refusals
