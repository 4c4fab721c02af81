"""What a withdrawal costs. Pure: the same for the quote and for the withdrawal.

    standard    free
    instant     so many basis points of what arrives, half-up to the minor unit, and at least one unit

An instant withdrawal is never free, so the fee alone says how fast the money was to go.
"""

from enum import StrEnum

from pocketpay.money import Money


class Speed(StrEnum):
    STANDARD = "standard"
    INSTANT = "instant"


def withdrawal_fee(amount: Money, speed: Speed, *, instant_bps: int) -> Money:
    """What it costs to have that much arrive at a bank."""
    if speed is Speed.STANDARD:
        return Money(0, amount.currency)
    return Money(max(amount.percent(instant_bps).minor, 1), amount.currency)


def speed_paid_for(fee: Money) -> Speed:
    """How fast a withdrawal of that fee was to go."""
    return Speed.INSTANT if fee.minor else Speed.STANDARD
