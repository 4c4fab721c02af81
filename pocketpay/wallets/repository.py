"""The SQL of wallets."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Session
from pocketpay.wallets.balance import Balance, Freeze, NewStanding, Standing, WalletStatus

_BALANCES = """
select w.id, w.currency, a.posted, a.held, a.version, w.status, w.frozen_for, w.created_at
from unnest($1::uuid[]) wanted(id)
join wallets w on w.id = wanted.id join ledger_accounts a on a.id = w.id
"""

_CHANGED = Arrays(id="uuid", status="text", frozen_for="text", freeze_reason="text")
_SET_STANDINGS = f"""
update wallets w
set status = u.status, frozen_for = u.frozen_for, freeze_reason = u.freeze_reason, updated_at = $1
from {_CHANGED.unnest("u", numbered_from(2))}
where w.id = u.id
"""


async def balances(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, Balance]:
    """Returns the current balances of the wallets, by id. Omits unknown ids."""
    rows = await session.fetch(_BALANCES, list(wallet_ids))
    return {
        row["id"]: Balance(
            wallet_id=row["id"],
            currency=row["currency"],
            posted_minor=row["posted"],
            held_minor=row["held"],
            version=row["version"],
            standing=standing(row["status"], row["frozen_for"], row["created_at"]),
        )
        for row in rows
    }


async def currencies(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Returns the currency of each wallet, by id. A wallet's currency never changes."""
    rows = await session.fetch("select id, currency from wallets where id = any($1::uuid[])", list(wallet_ids))
    return {row["id"]: row["currency"] for row in rows}


async def freeze_reasons(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Returns the freeze reason of each frozen wallet, by id."""
    rows = await session.fetch(
        "select id, freeze_reason from wallets where id = any($1::uuid[]) and freeze_reason is not null",
        list(wallet_ids),
    )
    return {row["id"]: row["freeze_reason"] for row in rows}


async def is_frozen_for_all(session: Session, wallet_id: UUID) -> bool:
    """Returns whether the wallet is frozen for all payments, so that it can neither pay nor receive."""
    return await session.fetchval("select frozen_for = 'all' from wallets where id = $1", wallet_id) is True


async def set_standings(session: Session, now: datetime, changed: Sequence[NewStanding]) -> None:
    """Updates the wallets to their new standings, changed at `now`."""
    await session.execute(
        _SET_STANDINGS,
        now,
        *_CHANGED.arguments(
            id=[c.wallet_id for c in changed],
            status=[c.standing.status for c in changed],
            frozen_for=[c.standing.frozen_for for c in changed],
            freeze_reason=[c.reason for c in changed],
        ),
    )


@lru_cache(maxsize=4096)
def standing(status: str, frozen_for: str | None, created_at: datetime) -> Standing:
    """Creates a standing from its columns."""
    return Standing(WalletStatus(status), None if frozen_for is None else Freeze(frozen_for), created_at)
