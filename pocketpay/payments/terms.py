"""The terms payments are made on: the risk policy, how long an answer is awaited, how much may wait, limits, fees."""

from dataclasses import dataclass
from datetime import timedelta

from pocketpay.money import Money
from pocketpay.payments.limits import LimitKind
from pocketpay.risk.rules import Policy
from pocketpay.settings import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """What applies to every payment decided now."""

    policy: Policy
    confirmation: timedelta
    most_pending: int
    """Held payments per wallet: an answer is owed to each, and nobody answers more than a screenful."""

    limits: dict[LimitKind, dict[str, Money]]
    """Each limit by currency. A wallet of a currency no longer served has none: its money must not be locked in."""
    instant_fee_bps: int

    @classmethod
    def of(cls, settings: Settings) -> "Terms":
        policy = Policy(
            large_threshold=settings.amounts("large_transfer_threshold"),
            large=settings.large_transfer_action,
            new_recipient=settings.new_recipient_action,
            rapid_count=settings.rapid_transfer_count,
            rapid_window_minutes=settings.rapid_transfer_window_minutes,
            rapid=settings.rapid_transfer_action,
        )
        return cls(
            policy,
            confirmation=timedelta(minutes=settings.confirmation_minutes),
            most_pending=settings.pending_transfers,
            limits={
                LimitKind.DEPOSIT_DAILY: settings.amounts("deposit_limit"),
                LimitKind.WITHDRAWAL_DAILY: settings.amounts("withdrawal_limit"),
                LimitKind.TRANSFER_DAILY: settings.amounts("transfer_limit"),
            },
            instant_fee_bps=settings.instant_withdrawal_fee_bps,
        )
