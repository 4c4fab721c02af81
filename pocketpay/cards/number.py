"""The number and code of a new card: made here, shown once, kept nowhere.

ISO/IEC 7812-1 leaves numbers that begin with 9 to national standards bodies, each under its country's code of
ISO 3166-1, and 999 is a code that no country can have. So nobody issues 9999…: such a number passes the check that
every form makes of it (Luhn's), and pays nowhere but here.
"""

import secrets
from dataclasses import dataclass, field

ISSUER = "999999"
"""Of every card of ours."""

LENGTH = 16
BRAND = "Pocket Pay Test"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is shown once. Its repr says nothing, so that no log and no error can repeat it by accident."""

    number: str = field(repr=False)
    security_code: str = field(repr=False)

    @property
    def last4(self) -> str:
        """What stays of the number."""
        return self.number[-4:]


def new() -> Secrets:
    """A number of ours and its three-digit code, each as likely as any other."""
    account = LENGTH - len(ISSUER) - 1
    body = f"{ISSUER}{secrets.randbelow(10**account):0{account}}"
    return Secrets(body + check_digit(body), f"{secrets.randbelow(1_000):03}")


def check_digit(body: str) -> str:
    """The digit that makes those ASCII digits a number by Luhn: every second one from the right counts twice."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in body[::-2])
    return str(-(sum(doubled) + sum(int(digit) for digit in body[-2::-2])) % 10)
