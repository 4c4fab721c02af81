"""What a wallet may still move today: its limits, and what of each is used."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.money import Money
from pocketpay.transactions.limits import Limit, LimitKind
from pocketpay.transactions.repository import usage


async def allowances(
    session: Session, limits: Mapping[LimitKind, Mapping[str, Money]], wallets: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], tuple[Limit, ...]]:
    """The limits of those wallets (each with its currency) now, in the order of LimitKind.

    `limits` says what each limit is in each currency; a currency without one is no longer served and has none here.
    """
    asked = tuple(wallets)
    used = await usage.used(session, [(wallet_id, kind) for wallet_id, _ in asked for kind in LimitKind])
    return {
        (wallet_id, currency): tuple(
            Limit.of(kind, total, Money(now.minor, currency), now.oldest)
            for kind in LimitKind
            if (total := limits[kind].get(currency)) is not None and (now := used[wallet_id, kind])
        )
        for wallet_id, currency in asked
    }
