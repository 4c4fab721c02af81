"""Verifying a phone number with the code that was sent to it (verification.py). A text message has no link."""

from pocketpay.identity import verification
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer


async def verify_phone(services: IdentityServices, viewer: Viewer, code: str) -> Changed:
    """Returns the viewer with a verified number. Raises the errors of `verification.verify`."""
    return await verification.verify(services, viewer, verification.BY_PHONE, ShownCode(code))
