"""Stripe's minor units, which differ from ISO 4217 in some currencies. Conversions are exact, or refused.

    ISK, UGX              no decimals in ISO 4217, two in the API: 5 is 500
    MGA                   two decimals in ISO 4217, none in the API: 5.00 is 5, and 5.20 is refused
    three decimals        the last digit must be 0: KWD 5.124 is refused
    HUF, TWD, payouts     two decimals in the API, but only whole units are paid out: HUF 10.45 is refused

Source: docs.stripe.com/currencies, "Minor units in API amounts" and "Special cases", read in November 2026.
"""

from pocketpay.errors import PocketPayError
from pocketpay.money import Money, currency

ZERO_DECIMALS = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
)
THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
WHOLE_UNITS = frozenset({"ISK", "UGX"})
"""Currencies with two decimals in the API that must be 00."""
WHOLE_PAYOUTS = frozenset({"HUF", "TWD"})
"""The same, for payouts only."""


class AmountRefused(PocketPayError):
    """Stripe cannot move this amount exactly. `code` is the reason of the decline."""

    code = "amount_not_supported"


def decimals(code: str) -> int:
    """Returns how many decimals amounts of this currency have in the API."""
    return 0 if code in ZERO_DECIMALS else 3 if code in THREE_DECIMALS else 2


def to_stripe(amount: Money, *, payout: bool = False) -> int:
    """Returns the amount in Stripe's minor units. Raises AmountRefused if Stripe cannot move exactly this amount."""
    code = amount.currency
    shift = decimals(code) - currency(code).exponent
    if shift >= 0:
        minor = amount.minor * int(10**shift)
    else:
        minor, rest = divmod(amount.minor, int(10**-shift))
        if rest:
            raise AmountRefused(f"{code} has {decimals(code)} decimals at Stripe")
    step = 10 if code in THREE_DECIMALS else 1
    if code in WHOLE_UNITS or (payout and code in WHOLE_PAYOUTS):
        step = 100
    if minor % step:
        raise AmountRefused(f"Stripe moves {code} in multiples of {step} minor units")
    return minor


def from_stripe(minor: int, code: str) -> Money:
    """Returns an amount of Stripe as money. Raises AmountRefused if it is not a whole number of our minor units."""
    shift = decimals(code) - currency(code).exponent
    if shift <= 0:
        return Money(minor * int(10**-shift), code)
    ours, rest = divmod(minor, 10**shift)
    if rest:
        raise AmountRefused(f"{code} has {currency(code).exponent} decimals")
    return Money(ours, code)
