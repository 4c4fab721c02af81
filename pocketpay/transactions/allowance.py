"""What a wallet may still move today: its limits, and what of each is used."""

from collections.abc import Iterable
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.money import Money
from pocketpay.transactions.limits import Limit, LimitKind
from pocketpay.transactions.repository import usage
from pocketpay.transactions.terms import Terms


async def allowances(
    session: Session, terms: Terms, wallets: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], tuple[Limit, ...]]:
    """The limits of those wallets (each with its currency) now, in the order of LimitKind; none in a currency that is
    no longer served."""
    asked = tuple(wallets)
    used = await usage.used(session, [(wallet_id, kind) for wallet_id, _ in asked for kind in LimitKind])
    return {
        (wallet_id, currency): tuple(
            Limit.of(kind, total, Money(now.minor, currency), now.oldest)
            for kind in LimitKind
            if (total := terms.limits[kind].get(currency)) is not None and (now := used[wallet_id, kind])
        )
        for wallet_id, currency in asked
    }
