"""Generates the number and security code of a new card. They are shown once and stored nowhere.

ISO/IEC 7812-1 assigns numbers that begin with 9 to national standards bodies, under the country code of ISO 3166-1,
and no country can have the code 999. So no real card has a number that begins with 9999. Such a number passes the
Luhn check of forms, but cannot pay outside Pocket Pay.
"""

import secrets
from dataclasses import dataclass, field

ISSUER = "999999"
"""The first digits of every card number of Pocket Pay."""

LENGTH = 16
BRAND = "Pocket Pay Test"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The number and security code of a card. Its repr shows neither, so that no log or error contains them."""

    number: str = field(repr=False)
    security_code: str = field(repr=False)

    @property
    def last4(self) -> str:
        """The last four digits of the number, which are stored."""
        return self.number[-4:]


def new() -> Secrets:
    """Generates a random card number and a random three-digit security code."""
    account = LENGTH - len(ISSUER) - 1
    body = f"{ISSUER}{secrets.randbelow(10**account):0{account}}"
    return Secrets(body + check_digit(body), f"{secrets.randbelow(1_000):03}")


def check_digit(body: str) -> str:
    """Returns the Luhn check digit of a string of ASCII digits."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in body[::-2])
    return str(-(sum(doubled) + sum(int(digit) for digit in body[-2::-2])) % 10)
