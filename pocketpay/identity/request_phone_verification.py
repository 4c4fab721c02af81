"""Requesting a code that verifies a phone number (verification.py)."""

from pocketpay.identity import verification
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer


async def request_phone_verification(services: IdentityServices, viewer: Viewer, *, address: str) -> Changed:
    """Sends a text message with a code to the viewer's number, unless the number is verified already.

    Raises TextMessagesUnavailable, PhoneMissing, and the errors of `verification.request`.
    """
    return await verification.request(services, viewer, verification.BY_PHONE, asked_from=address)
