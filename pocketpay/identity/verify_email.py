"""Verifying an email address with the code, or the link, that was sent to it (verification.py)."""

from pocketpay.identity import verification
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer


async def verify_email(services: IdentityServices, viewer: Viewer, shown: ShownCode) -> Changed:
    """Returns the viewer with a verified address. Raises the errors of `verification.verify`."""
    return await verification.verify(services, viewer, verification.BY_EMAIL, shown)
