"""Verifies an email address, and pays the welcome bonus for it in production.

verification   by identity; the bonus is promised in the same unit of work (welcome.py)
payment        immediately; if that fails, the sweeper of welcome_bonus.py pays it within a minute
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
    services: IdentityServices, desk: Desk, settings: Settings, viewer: Viewer, shown_code: ShownCode
) -> Changed:
    """Verifies the viewer's address. Returns the changed user. Raises the errors of `identity.verify_email`."""
    changed = await identity.verify_email(services, viewer, shown_code)
    if not welcome.for_verifying(settings):
        return changed
    try:
        await welcome_bonus.pay_owed(desk, viewer.wallet_id)
    except ServiceBusy as busy:
        log.warning("welcome_bonus_postponed", reason=str(busy))
    return changed
