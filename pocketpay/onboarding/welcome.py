"""Who is given a welcome bonus, and how much.

    development                          everybody, when they sign up
    production, WELCOME_BONUS not set    nobody
    production, at sign-up               nobody: an address is not verified then
    production, an address is verified   once per address and once per wallet, for ever; imported people never

A fingerprint of the address is kept when the bonus is earned, and when a wallet is closed: whoever closes a wallet
and comes again with the same address is given nothing. The bonus is written down in the unit of work that verifies
the address, and paid by an instruction of its own (welcome_bonus.py).

Decision 26 gives the reasons.
"""

from collections.abc import Awaitable, Callable

import uuid_utils.compat as uuids

from pocketpay.database.sessions import Session
from pocketpay.identity.fingerprints import EmailFingerprints
from pocketpay.identity.user import User
from pocketpay.money import Money
from pocketpay.onboarding.repository import bonuses
from pocketpay.settings import Settings


def at_sign_up(settings: Settings, currency: str) -> Money:
    """What somebody with a wallet of that currency is given when they sign up, perhaps nothing."""
    return Money(0, currency) if settings.production else settings.welcome_bonuses[currency]


def for_verifying(settings: Settings) -> dict[str, int]:
    """What whoever verifies an address earns, in minor units by the currency of their wallet; empty for nothing."""
    if not settings.production:
        return {}
    return {code: bonus.minor for code, bonus in settings.welcome_bonuses.items() if bonus.minor}


def when_verified(settings: Settings, secret: bytes) -> Callable[[Session, User], Awaitable[None]]:
    """Writes down, in the unit of work that verifies an address, the bonus that its owner has earned by it."""
    fingerprints, amounts = EmailFingerprints(secret), for_verifying(settings)

    async def welcome(session: Session, user: User) -> None:
        if amounts and user.email is not None:
            await bonuses.promise(
                session, user.wallet_id, fingerprints.of(user.email), amounts, transaction_id=uuids.uuid7()
            )

    return welcome
