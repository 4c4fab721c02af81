"""The terms payments are made on: the risk policy, how long an answer is awaited, how much may wait."""

from dataclasses import dataclass
from datetime import timedelta

from pocketpay.risk.rules import Policy
from pocketpay.settings import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """What applies to every payment decided now."""

    policy: Policy
    confirmation: timedelta
    most_pending: int
    """Held payments per wallet: an answer is owed to each, and nobody answers more than a screenful."""

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
        return cls(policy, timedelta(minutes=settings.confirmation_minutes), settings.pending_transfers)
