"""The terms of payments: risk policy, limits, fees, and caps on held payments, money requests and cards."""

from dataclasses import dataclass
from datetime import timedelta

from pocketpay.money import Money
from pocketpay.risk.policy import Policy
from pocketpay.settings import Settings
from pocketpay.transactions.limits import LimitKind


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms that apply to every payment decided now."""

    policy: Policy
    confirmation: timedelta
    """How long the sender of a held payment may confirm it."""
    max_pending: int
    """Held payments per wallet. The sender has to answer each one, and nobody answers more than a screenful."""

    limits: dict[LimitKind, dict[str, Money]]
    """Each limit by currency. A currency that is no longer served has none, so that its wallets can be emptied."""
    instant_fee_bps: int
    """The fee of an instant withdrawal, in basis points."""

    request_life: timedelta
    """How long a money request can be paid."""
    max_open_requests: int
    """Open money requests from one person to another. It protects people who do not answer from further requests."""
    max_requests_per_day: int
    """Money requests from one wallet within 24 hours, to all payers together."""
    max_cards: int
    """Open cards per wallet: enough for every purpose, and few enough for a list on one screen."""

    @classmethod
    def of(cls, settings: Settings) -> "Terms":
        return cls(
            policy_of(settings),
            confirmation=timedelta(minutes=settings.confirmation_minutes),
            max_pending=settings.pending_transfers,
            limits={
                LimitKind.DEPOSIT_DAILY: settings.amounts("deposit_limit"),
                LimitKind.WITHDRAWAL_DAILY: settings.amounts("withdrawal_limit"),
                LimitKind.TRANSFER_DAILY: settings.amounts("transfer_limit"),
            },
            instant_fee_bps=settings.instant_withdrawal_fee_bps,
            request_life=timedelta(days=settings.request_expire_days),
            max_open_requests=settings.open_requests,
            max_requests_per_day=settings.requests_per_day,
            max_cards=settings.cards_per_wallet,
        )


def policy_of(settings: Settings) -> Policy:
    """Returns the risk policy of the settings."""
    return Policy.of(settings, settings.served_currencies)
