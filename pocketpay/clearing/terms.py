"""The terms payments are made on: the risk policy, how long an answer is awaited, how much may wait, limits, fees,
how often money may be asked for."""

from dataclasses import dataclass
from datetime import timedelta

from pocketpay.money import Money
from pocketpay.risk.policy import Policy
from pocketpay.settings import Settings
from pocketpay.transactions.limits import LimitKind


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

    request_life: timedelta
    """How long a money request may be paid."""
    most_open_requests: int
    """Of one person to another: whoever has not answered five is not nagged by a sixth."""
    most_requests_a_day: int
    """Of one wallet within 24 hours, whomever it asks."""
    most_cards: int
    """Open cards per wallet: enough for every purpose, and a list that fits a screen."""

    @classmethod
    def of(cls, settings: Settings) -> "Terms":
        return cls(
            policy_of(settings),
            confirmation=timedelta(minutes=settings.confirmation_minutes),
            most_pending=settings.pending_transfers,
            limits={
                LimitKind.DEPOSIT_DAILY: settings.amounts("deposit_limit"),
                LimitKind.WITHDRAWAL_DAILY: settings.amounts("withdrawal_limit"),
                LimitKind.TRANSFER_DAILY: settings.amounts("transfer_limit"),
            },
            instant_fee_bps=settings.instant_withdrawal_fee_bps,
            request_life=timedelta(days=settings.request_expire_days),
            most_open_requests=settings.open_requests,
            most_requests_a_day=settings.requests_per_day,
            most_cards=settings.cards_per_wallet,
        )


def policy_of(settings: Settings) -> Policy:
    """The risk policy that those settings say."""
    return Policy.of(settings, settings.served_currencies)
