"""Verifying an email address, and the welcome bonus that is earned by it in production.

identity verifies it         and writes the bonus down in the same unit of work (welcome.py)
the bonus is paid            at once; where that fails, the sweeper of welcome_bonus.py pays it within a minute
"""

import structlog

from pocketpay.database.failures import ServiceBusy
from pocketpay.identity import verify_email as identity
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer
from pocketpay.onboarding import welcome, welcome_bonus
from pocketpay.payments.desk import Desk
from pocketpay.settings import Settings

log = structlog.get_logger(__name__)


async def verify_email(
    services: IdentityServices, desk: Desk, settings: Settings, viewer: Viewer, what: ShownCode
) -> Changed:
    """Gives the viewer with a verified address. Raises as `identity.verify_email` does."""
    changed = await identity.verify_email(services, viewer, what)
    if not welcome.for_verifying(settings):
        return changed
    try:
        await welcome_bonus.pay_owed(desk, viewer.wallet_id)
    except ServiceBusy as busy:
        log.warning("welcome_bonus_put_off", reason=str(busy))
    return changed
