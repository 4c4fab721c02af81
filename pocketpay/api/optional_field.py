"""Input fields for which absent and null differ: an absent field does not change the value, null clears it."""

import strawberry

from pocketpay.identity.changes import UNCHANGED, NewValue


def requested_value(raw: str | None) -> NewValue:
    """The value that an input field requests. Returns UNCHANGED when the field is absent (strawberry.UNSET)."""
    return UNCHANGED if raw is strawberry.UNSET else raw
