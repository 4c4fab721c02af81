"""Requesting a code and a link that verify an email address (verification.py)."""

from pocketpay.identity import verification
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer


async def request_email_verification(services: IdentityServices, viewer: Viewer, *, address: str) -> Changed:
    """Mails a code to the viewer's address, unless the address is verified already.

    Raises MailUnavailable, EmailMissing, and the errors of `verification.request`.
    """
    return await verification.request(services, viewer, verification.BY_EMAIL, asked_from=address)
