"""The SQL of linked bank accounts."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount, Provider
from pocketpay.banking.bank import BankUse, LinkStatus
from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Record, Session

FIRST_CHECK_SECONDS = 60
"""When the sweeper first asks about a new link. By then its owner has opened the hosted flow, or never will."""

MAX_PAUSE_SECONDS = 6 * 3_600
"""The longest time between two questions about one link. Verification by small deposits takes days."""

COLUMNS = (
    "id, wallet_id, user_id, currency, provider, use, for_deposits, for_withdrawals, status, reference, bank_name, "
    "last4, version, created_at, updated_at"
)
"""The columns that `bank_account` reads."""

_BY_IDS = f"select {COLUMNS} from bank_accounts where id = any($1::uuid[])"
_OWN = f"select {COLUMNS} from bank_accounts where wallet_id = $1 and id = any($2::uuid[])"
_BY_REFERENCE = "select id from bank_accounts where provider = $1 and reference = $2"
_OPEN = """
select wallet_id, count(*) as n from bank_accounts
where wallet_id = any($1::uuid[]) and status <> 'removed' and status in ('pending', 'active') group by wallet_id
"""
_NOT_REMOVED = "select id from bank_accounts where wallet_id = any($1::uuid[]) and status <> 'removed'"
"""The condition on `removed` is the one of the index of listed accounts."""


def _page(columns: str, order: str, limit: str) -> str:
    return f"""
select {columns} from bank_accounts
where wallet_id = $1 and status <> 'removed' and (created_at, id) < ($2, $3) and (created_at, id) > ($4, $5)
order by created_at {order}, id {order} limit {limit}"""


_NEWEST_FIRST, _OLDEST_FIRST = (_page(COLUMNS, order, "$6") for order in ("desc", "asc"))
_COUNT = f"select count(*) from ({_page('id', 'desc', '$6')}) listed"

_SINCE = f"""
select wanted.number, changed.*
from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) with ordinality wanted(wallet_id, at, after, number)
cross join lateral (
    select {COLUMNS} from bank_accounts
    where wallet_id = wanted.wallet_id and (updated_at, id) > (wanted.at, wanted.after)
    order by updated_at, id limit $4) changed
order by wanted.number, changed.updated_at, changed.id"""

_COUNT_SINCE = """
select clock_timestamp() as now, (
    select count(*) from (
        select from bank_accounts where wallet_id = $1 and (updated_at, id) > ($2, $3) limit $4) changed) as n"""

_DUE = f"""
with due as materialized (
    select id from bank_accounts where next_check_at <= (select clock_timestamp()) and provider = $2
    order by next_check_at limit $1 for no key update skip locked)
update bank_accounts b
set next_check_at = clock_timestamp() + least(
    greatest(clock_timestamp() - b.updated_at, interval '{FIRST_CHECK_SECONDS} seconds'),
    interval '{MAX_PAUSE_SECONDS} seconds')
from due where b.id = due.id
returning b.id
"""
"""Each pause is as long as the time since the last change, so the pauses double."""

_INSERTED = Arrays(
    id="uuid",
    wallet_id="uuid",
    user_id="uuid",
    currency="text",
    provider="text",
    use="text",
    for_deposits="boolean",
    for_withdrawals="boolean",
    status="text",
    reference="text",
    bank_name="text",
    last4="text",
    version="bigint",
)
_INSERT = f"""
insert into bank_accounts ({_INSERTED.names}, created_at, updated_at, next_check_at)
select u.*, $1, $1, $1::timestamptz + interval '{FIRST_CHECK_SECONDS} seconds'
from {_INSERTED.unnest("u", numbered_from(2))}
"""

_UPDATED = _INSERTED.only(
    "id", "for_deposits", "for_withdrawals", "status", "reference", "bank_name", "last4", "version"
)
_UPDATE = f"""
update bank_accounts b
set for_deposits = u.for_deposits, for_withdrawals = u.for_withdrawals, status = u.status, reference = u.reference,
    bank_name = u.bank_name, last4 = u.last4, version = u.version, updated_at = $1,
    next_check_at = case u.status when 'pending' then b.next_check_at when 'removed' then $1 end
from {_UPDATED.unnest("u", numbered_from(2))}
where b.id = u.id
"""
"""A removed account is asked about until the provider has removed the link too; an active or failed one is not."""


async def by_ids(session: Session, ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Returns the bank accounts with those ids, of any owner, by id. Omits unknown ids."""
    return {row["id"]: bank_account(row) for row in await session.fetch(_BY_IDS, list(ids))}


async def own(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Returns the bank accounts with those ids that belong to the wallet, by id."""
    return {row["id"]: bank_account(row) for row in await session.fetch(_OWN, wallet_id, list(ids))}


async def by_reference(session: Session, provider: Provider, reference: str) -> UUID | None:
    """Returns the id of the bank account with the provider's reference, or None."""
    found: UUID | None = await session.fetchval(_BY_REFERENCE, provider, reference)
    return found


async def open_accounts(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Returns the number of pending and active bank accounts by wallet. Omits wallets without any."""
    return {row["wallet_id"]: row["n"] for row in await session.fetch(_OPEN, list(wallet_ids))}


async def not_removed(session: Session, wallet_ids: Iterable[UUID]) -> list[UUID]:
    """Returns the ids of the wallets' bank accounts that are not removed."""
    return [row["id"] for row in await session.fetch(_NOT_REMOVED, list(wallet_ids))]


async def page(
    session: Session,
    wallet_id: UUID,
    *,
    older_than: tuple[datetime, UUID],
    newer_than: tuple[datetime, UUID],
    limit: int,
    backwards: bool,
) -> list[BankAccount]:
    """Returns up to `limit` of the wallet's accounts that are not removed, between two places; newest first, or if
    `backwards`, oldest first."""
    sql = _OLDEST_FIRST if backwards else _NEWEST_FIRST
    return [bank_account(row) for row in await session.fetch(sql, wallet_id, *older_than, *newer_than, limit)]


async def count(
    session: Session,
    wallet_id: UUID,
    *,
    older_than: tuple[datetime, UUID],
    newer_than: tuple[datetime, UUID],
    limit: int,
) -> int | None:
    """Returns the number of the wallet's accounts that are not removed, or None if there are more than `limit`."""
    counted: int = await session.fetchval(_COUNT, wallet_id, *older_than, *newer_than, limit + 1)
    return counted if counted <= limit else None


async def since(
    session: Session, wanted: Sequence[tuple[UUID, tuple[datetime, UUID]]], *, limit: int
) -> Sequence[Sequence[BankAccount]]:
    """Returns, for each wallet and place, up to `limit` of its accounts that changed after the place, oldest change
    first."""
    found: list[list[BankAccount]] = [[] for _ in wanted]
    rows = await session.fetch(
        _SINCE,
        [wallet_id for wallet_id, _ in wanted],
        [at for _, (at, _) in wanted],
        [after for _, (_, after) in wanted],
        limit,
    )
    for row in rows:
        found[row["number"] - 1].append(bank_account(row))
    return found


async def count_since(
    session: Session, wallet_id: UUID, place: tuple[datetime, UUID], limit: int
) -> tuple[datetime, int]:
    """Returns the database's time, and the number of the wallet's accounts that changed after the place, counted up
    to `limit`."""
    row = await session.fetchrow(_COUNT_SINCE, wallet_id, *place, limit)
    assert row is not None  # noqa: S101 - a select without from has one row
    return row["now"], row["n"]


async def due(session: Session, provider: Provider, limit: int) -> list[UUID]:
    """Claims and returns the accounts that are due to be asked about, longest due first. Sets the time of the next
    question: no other server gets them before that."""
    return [row["id"] for row in await session.fetch(_DUE, limit, provider)]


async def removed_at_provider(session: Session, id: UUID) -> None:
    """Notes that the provider has removed the link of a removed account: nobody asks about it again."""
    await session.execute("update bank_accounts set next_check_at = null where id = $1 and status = 'removed'", id)


async def insert(session: Session, now: datetime, new: Sequence[BankAccount]) -> None:
    """Inserts new bank accounts, created at `now`."""
    await session.execute(
        _INSERT,
        now,
        *_INSERTED.arguments(
            wallet_id=[b.wallet_id for b in new],
            user_id=[b.user_id for b in new],
            currency=[b.currency for b in new],
            provider=[b.provider for b in new],
            use=[b.use for b in new],
            **_changing(new),
        ),
    )


async def update(session: Session, now: datetime, changed: Sequence[BankAccount]) -> None:
    """Updates the bank accounts to their new state, changed at `now`."""
    await session.execute(_UPDATE, now, *_UPDATED.arguments(**_changing(changed)))


def bank_account(record: Record) -> BankAccount:
    """Converts a row with at least COLUMNS to a BankAccount."""
    uses = {BankUse.DEPOSIT: record["for_deposits"], BankUse.WITHDRAWAL: record["for_withdrawals"]}
    return BankAccount(
        id=record["id"],
        wallet_id=record["wallet_id"],
        user_id=record["user_id"],
        currency=record["currency"],
        provider=Provider(record["provider"]),
        use=BankUse(record["use"]),
        uses=tuple(use for use, allowed in uses.items() if allowed),
        status=LinkStatus(record["status"]),
        reference=record["reference"],
        bank_name=record["bank_name"],
        last4=record["last4"],
        version=record["version"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
    )


def _changing(accounts: Collection[BankAccount]) -> dict[str, Sequence[object]]:
    return {
        "id": [b.id for b in accounts],
        "for_deposits": [BankUse.DEPOSIT in b.uses for b in accounts],
        "for_withdrawals": [BankUse.WITHDRAWAL in b.uses for b in accounts],
        "status": [b.status for b in accounts],
        "reference": [b.reference for b in accounts],
        "bank_name": [b.bank_name for b in accounts],
        "last4": [b.last4 for b in accounts],
        "version": [b.version for b in accounts],
    }
