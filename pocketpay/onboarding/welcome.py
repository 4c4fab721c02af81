"""The rules of the welcome bonus: who gets it, and how much.

    development                          everybody, at sign-up
    production, WELCOME_BONUS not set    nobody
    production, at sign-up               nobody, because the address is not verified yet
    production, an address is verified   once per address and once per wallet, ever; never for imported people

A fingerprint of the address is stored when the bonus is promised, and when a wallet is closed. So a person who closes
a wallet and signs up again with the same address gets no second bonus. The bonus is promised in the unit of work that
verifies the address, and paid by a separate instruction (welcome_bonus.py).

Decision 26 gives the reasons.
"""

from collections.abc import Awaitable, Callable

from pocketpay.database import uuids
from pocketpay.database.sessions import Session
from pocketpay.identity.fingerprints import EmailFingerprints
from pocketpay.identity.user import User
from pocketpay.money import Money
from pocketpay.onboarding.repository import bonuses
from pocketpay.settings import SecretKeys, Settings


def at_sign_up(settings: Settings, currency: str) -> Money:
    """The bonus at sign-up for a wallet of the currency; it may be zero."""
    return Money(0, currency) if settings.production else settings.welcome_bonuses[currency]


def for_verifying(settings: Settings) -> dict[str, int]:
    """The bonus for verifying an address, in minor units by the wallet's currency; empty when there is no bonus."""
    if not settings.production:
        return {}
    return {code: bonus.minor for code, bonus in settings.welcome_bonuses.items() if bonus.minor}


def when_verified(settings: Settings, secret_keys: SecretKeys) -> Callable[[Session, User], Awaitable[None]]:
    """Returns a function that promises the bonus for an address. Call it in the unit of work that verifies it."""
    fingerprints, amounts = EmailFingerprints(secret_keys), for_verifying(settings)

    async def welcome(session: Session, user: User) -> None:
        if amounts and user.email is not None:
            await bonuses.promise(
                session, user.wallet_id, fingerprints.of(user.email), amounts, transaction_id=uuids.uuid7()
            )

    return welcome
