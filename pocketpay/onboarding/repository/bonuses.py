"""All SQL of welcome bonuses: promised for a verified address, and owed until they are paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.money import Money

_PROMISE = """
with wallet as materialized (
    select w.id, bonus.amount from wallets w
    join unnest($4::text[], $5::bigint[]) bonus(currency, amount) on bonus.currency = w.currency
    where w.id = $1
      and not exists (select from welcome_bonuses where wallet_id = w.id)
      and not exists (select from imported_users i join users u on u.id = i.user_id where u.wallet_id = w.id)
      and not exists (
        select from ledger_entries e join transactions t on t.id = e.transaction_id
        where e.account_id = w.id and e.sequence = 1 and t.type = 'bonus')),
claimed as (
    insert into welcomed_emails (fingerprint, welcomed_at)
    select one, clock_timestamp() from wallet, unnest($2::bytea[]) one
    on conflict do nothing returning fingerprint)
insert into welcome_bonuses (wallet_id, transaction_id, amount, promised_at)
select wallet.id, $3, wallet.amount, clock_timestamp() from wallet
where (select count(*) from claimed) = cardinality($2::bytea[])
"""
"""`e.sequence = 1`: a bonus paid at sign-up is the first entry of its account.

All fingerprints of the address are inserted. So when two servers have different first keys, only one of them promises
a bonus.
"""

_OWED = """
select b.wallet_id, b.transaction_id, b.amount, w.currency from welcome_bonuses b join wallets w on w.id = b.wallet_id
where b.finished_at is null and ($1::uuid is null or b.wallet_id = $1) order by b.promised_at limit $2
"""


@dataclass(frozen=True, slots=True)
class OwedBonus:
    """A bonus that is not paid yet. `transaction_id` is the id of the transaction that will pay it."""

    wallet_id: UUID
    transaction_id: UUID
    amount: Money


async def promise(
    session: Session,
    wallet_id: UUID,
    fingerprints: Sequence[bytes],
    amounts: Mapping[str, int],
    *,
    transaction_id: UUID,
) -> None:
    """Promises the wallet the bonus for its currency, in minor units.

    Does nothing when the wallet or the address (by any of its fingerprints) has already received a bonus, or when the
    owner was imported.
    """
    await session.execute(
        _PROMISE, wallet_id, list(fingerprints), transaction_id, list(amounts.keys()), list(amounts.values())
    )


async def owed(session: Session, wallet_id: UUID | None, *, limit: int) -> list[OwedBonus]:
    """Returns at most `limit` bonuses owed to the wallet, or to any wallet for None, oldest first."""
    return [OwedBonus(row[0], row[1], Money(row[2], row[3])) for row in await session.fetch(_OWED, wallet_id, limit)]


async def finish(session: Session, wallet_ids: Sequence[UUID]) -> None:
    """Marks the bonuses of the wallets as finished."""
    await session.execute(
        "update welcome_bonuses set finished_at = clock_timestamp() where wallet_id = any($1::uuid[])",
        list(wallet_ids),
    )
