"""The sign-up form: parses the typed fields, and reports all invalid fields at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pocketpay.errors import Refusal
from pocketpay.identity import contacts, names, usernames
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.passwords import require_strong

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of the form, as they were typed."""

    raw_username: str
    raw_name: str
    password: str = field(repr=False)
    raw_email: str | None = None
    raw_phone: str | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Person:
    """The fields of a form in the form in which they are stored. An invalid field is None."""

    username: str | None
    name: str | None
    email: str | None
    phone: str | None


def read(form: Form, served_currencies: Sequence[str]) -> tuple[Person, list[Refusal]]:
    """Parses the form. Returns the person, and a refusal for each invalid field."""
    refusals: list[Refusal] = []

    def valid(parse: Callable[[], T]) -> T | None:
        try:
            return parse()
        except Refusal as refusal:
            refusals.append(refusal)
            return None

    raw_email, raw_phone = form.raw_email, form.raw_phone
    person = Person(
        username=valid(lambda: usernames.chosen(form.raw_username)),
        name=valid(lambda: names.display_name(form.raw_name)),
        email=None if raw_email is None else valid(lambda: contacts.email_address(raw_email)),
        phone=None if raw_phone is None else valid(lambda: contacts.phone_number(raw_phone)),
    )
    known = [form.raw_username, form.raw_name, raw_email or ""]
    valid(lambda: require_strong(form.password, known))
    if form.currency not in served_currencies:
        refusals.append(
            InvalidProfile("currency", f"must be a currency of this server: {', '.join(served_currencies)}")
        )
    return person, refusals
