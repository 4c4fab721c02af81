"""The sign-up form: from what somebody typed to a person whose every field is fit, or all that is wrong at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pocketpay.errors import Refusal
from pocketpay.identity import contacts, names, usernames
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.passwords import require_strong

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody fills in, as they typed it."""

    raw_username: str
    raw_name: str
    password: str
    raw_email: str | None = None
    raw_phone: str | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Person:
    """A form's fields in the form they are kept in. A field that was not fit is None."""

    username: str | None
    name: str | None
    email: str | None
    phone: str | None


def read(form: Form, served_currencies: Sequence[str]) -> tuple[Person, list[Refusal]]:
    """Reads the form, and says of each field that is not fit why."""
    refusals: list[Refusal] = []

    def fit(parse: Callable[[], T]) -> T | None:
        try:
            return parse()
        except Refusal as refusal:
            refusals.append(refusal)
            return None

    raw_email, raw_phone = form.raw_email, form.raw_phone
    person = Person(
        username=fit(lambda: usernames.chosen(form.raw_username)),
        name=fit(lambda: names.display_name(form.raw_name)),
        email=None if raw_email is None else fit(lambda: contacts.email_address(raw_email)),
        phone=None if raw_phone is None else fit(lambda: contacts.phone_number(raw_phone)),
    )
    known = [form.raw_username, form.raw_name, raw_email or ""]
    fit(lambda: require_strong(form.password, known))
    if form.currency not in served_currencies:
        refusals.append(
            InvalidProfile("currency", f"must be a currency of this server: {', '.join(served_currencies)}")
        )
    return person, refusals
