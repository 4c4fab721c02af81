"""Opens the bank of the settings: Stripe if STRIPE_SECRET_KEY is set, else the simulated bank."""

from importlib.util import find_spec
from typing import Protocol, runtime_checkable

from pocketpay.banking.bank import Bank
from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.database.sessions import Database
from pocketpay.settings import Settings, SettingsError

BANK_ACCOUNTS = "/bank-accounts"
"""The page of the app, below PUBLIC_URL, that the customer returns to from a provider's hosted page."""


@runtime_checkable
class Closable(Protocol):
    """A bank that has connections to close."""

    async def close(self) -> None: ...


def open_bank(settings: Settings, database: Database) -> Bank:
    """Returns the bank of the settings. Raises SettingsError when its library is not installed."""
    if settings.stripe_secret_key is None:
        return SimulatedBank(settings.simulated_bank, settings.simulated_bank_seconds)
    require_stripe()
    # Imported only now: the library takes 0.3 s and 34 MB, and is an optional part of the package.
    from pocketpay.banking.stripe.bank import StripeBank

    return StripeBank.open(
        database,
        secret_key=settings.stripe_secret_key.get_secret_value(),
        api_base=settings.stripe_api,
        return_url=f"{settings.app_url}{BANK_ACCOUNTS}",
    )


def require_stripe() -> None:
    """Raises SettingsError when the packages that a bank on Stripe needs are not installed."""
    if any(find_spec(name) is None for name in ("stripe", "httpx")):
        raise SettingsError("STRIPE_SECRET_KEY is set, which needs more packages: pip install 'pocketpay[stripe]'.")


async def close_bank(bank: Bank) -> None:
    """Closes the connections of a bank that has any."""
    if isinstance(bank, Closable):
        await bank.close()
