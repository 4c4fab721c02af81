"""Input fields for which absent and null differ: an absent field does not change the value, null clears it."""

import strawberry

from pocketpay.identity.changes import STAYS, Wanted


def requested_value(raw: str | None) -> Wanted:
    """The value that an input field requests. Returns STAYS when the field is absent (strawberry.UNSET)."""
    return STAYS if raw is strawberry.UNSET else raw
