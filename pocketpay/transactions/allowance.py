"""The limits of a wallet now, and how much of each is used."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.money import Money
from pocketpay.transactions.limits import Limit, LimitKind
from pocketpay.transactions.repository import usage


async def allowances(
    session: Session, limits: Mapping[LimitKind, Mapping[str, Money]], wallets: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], tuple[Limit, ...]]:
    """Returns the limits of the given wallets as of now, in the order of LimitKind.

    Each wallet is given as its id and its currency. `limits` holds the amount of each limit in each currency. A
    currency that is missing there is no longer served, and a wallet in that currency has no limits here.
    """
    requested = tuple(wallets)
    used = await usage.used(session, [(wallet_id, kind) for wallet_id, _ in requested for kind in LimitKind])
    return {
        (wallet_id, currency): tuple(
            Limit.of(kind, total, Money(now.minor, currency), now.oldest)
            for kind in LimitKind
            if (total := limits[kind].get(currency)) is not None and (now := used[wallet_id, kind])
        )
        for wallet_id, currency in requested
    }
