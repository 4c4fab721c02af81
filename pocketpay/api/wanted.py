"""Input fields that may be left out: left out is not the same as null."""

import strawberry

from pocketpay.identity.changes import UNCHANGED, NewValue


def wanted(raw: str | None) -> NewValue:
    """What the field asks for: UNCHANGED where it was left out, which is strawberry.UNSET."""
    return UNCHANGED if raw is strawberry.UNSET else raw
