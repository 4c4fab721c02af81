"""Verifying an email address by the code, or the link, that was sent to it (verification.py)."""

from pocketpay.identity import verification
from pocketpay.identity.reception import Reception
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer


async def verify_email(reception: Reception, viewer: Viewer, what: ShownCode) -> Changed:
    """Gives the viewer with a verified address. Raises as `verification.verify` does."""
    return await verification.verify(reception, viewer, verification.BY_EMAIL, what)
