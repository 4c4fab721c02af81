"""Input fields that may be left out: left out is not the same as null."""

import strawberry

from pocketpay.identity.changes import STAYS, Wanted


def wanted(raw: str | None) -> Wanted:
    """What the field asks for: STAYS where it was left out, which is strawberry.UNSET."""
    return STAYS if raw is strawberry.UNSET else raw
