"""The fee of a withdrawal. A pure function, used for the quote and for the withdrawal.

    standard    free
    instant     basis points of the amount that arrives, rounded half up to the minor unit; at least one minor unit

An instant withdrawal is never free, so the speed can be derived from the fee.
"""

from enum import StrEnum

from pocketpay.money import Money


class Speed(StrEnum):
    STANDARD = "standard"
    INSTANT = "instant"


def withdrawal_fee(amount: Money, speed: Speed, *, instant_bps: int) -> Money:
    """Returns the fee of sending `amount` to a bank."""
    if speed is Speed.STANDARD:
        return Money(0, amount.currency)
    return Money(max(amount.percent(instant_bps).minor, 1), amount.currency)


def speed_of(fee: Money) -> Speed:
    """Returns the speed of a withdrawal with that fee."""
    return Speed.INSTANT if fee.minor else Speed.STANDARD
