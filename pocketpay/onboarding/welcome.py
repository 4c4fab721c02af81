"""Who is given a welcome bonus, and how much.

    development                          everybody
    production, WELCOME_BONUS not set    nobody
    production, no email address         nobody
    production, with an email address    once per address, for ever

A fingerprint of the address is kept when the bonus is paid, and when a wallet is closed: whoever closes a wallet and
comes again with the same address is given nothing. Addresses are not verified yet when somebody signs up, so whoever
owns a domain has as many as they want: in production the bonus is off by default.

Decision 26 gives the reasons.
"""

from dataclasses import dataclass

from pocketpay.identity.fingerprints import EmailFingerprints
from pocketpay.money import Money
from pocketpay.settings import Settings


@dataclass(frozen=True, slots=True)
class Welcome:
    """A bonus, perhaps zero. With `claim`, the fingerprint of an address, it is paid only if that is kept nowhere."""

    bonus: Money
    claim: bytes | None = None


def welcome(settings: Settings, fingerprints: EmailFingerprints, *, email: str | None, currency: str) -> Welcome:
    """What somebody with that address, in the form it is kept in, and a wallet of that currency is given."""
    bonus, nothing = settings.welcome_bonuses[currency], Money(0, currency)
    if not settings.production:
        return Welcome(bonus)
    if email is None or not bonus.minor:
        return Welcome(nothing)
    return Welcome(bonus, fingerprints.of(email))
