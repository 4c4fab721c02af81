"""The SQL of money requests."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Record, Session
from pocketpay.money import Money
from pocketpay.requests.money_request import MoneyRequest, RequestStatus

COLUMNS = (
    "id, requester_wallet_id, payer_wallet_id, currency, amount, description, status, expires_at, version, "
    "created_at, updated_at"
)
"""The columns that `money_request` reads, in the order of the table."""

_BY_IDS = f"select {COLUMNS} from money_requests where id = any($1::uuid[])"

_INSERTED = Arrays(
    id="uuid",
    requester_wallet_id="uuid",
    payer_wallet_id="uuid",
    currency="text",
    amount="bigint",
    description="text",
    status="text",
    expires_at="timestamptz",
    version="bigint",
)
_INSERT = f"""
insert into money_requests ({_INSERTED.names}, created_at, updated_at)
select u.*, $1, $1 from {_INSERTED.unnest("u", numbered_from(2))}
"""

_UPDATED = _INSERTED.only("id", "status", "version")
_UPDATE = f"""
update money_requests r set status = u.status, version = u.version, updated_at = $1
from {_UPDATED.unnest("u", numbered_from(2))}
where r.id = u.id
"""


def _page(columns: str, limit: str, order: str) -> str:
    """Returns the SQL of a page: requests to the wallet $1 (if $7) and from it (if $8), with statuses $6, between the
    places ($4, $5) and ($2, $3).

    It runs one keyset scan per side and status, each limited to the page size, so that a page has the same cost at
    any depth.
    """
    return f"""
select r.* from unnest($6::text[]) wanted(status)
cross join lateral (
    (select {columns} from money_requests
     where $7 and payer_wallet_id = $1 and status = wanted.status
       and (created_at, id) < ($2, $3) and (created_at, id) > ($4, $5)
     order by created_at {order}, id {order} limit {limit})
    union all
    (select {columns} from money_requests
     where $8 and requester_wallet_id = $1 and status = wanted.status
       and (created_at, id) < ($2, $3) and (created_at, id) > ($4, $5)
     order by created_at {order}, id {order} limit {limit})) r
order by r.created_at {order}, r.id {order} limit {limit}"""


_NEWEST_FIRST, _OLDEST_FIRST = (_page(COLUMNS, "$9", order) for order in ("desc", "asc"))

_COUNT = f"select count(*) from ({_page('created_at, id', '$9', 'desc')}) seen"

_SINCE = f"""
select wanted.number, changed.*
from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) with ordinality wanted(wallet_id, at, after, number)
cross join lateral (
    (select {COLUMNS} from money_requests
     where payer_wallet_id = wanted.wallet_id and (updated_at, id) > (wanted.at, wanted.after)
     order by updated_at, id limit $4)
    union all
    (select {COLUMNS} from money_requests
     where requester_wallet_id = wanted.wallet_id and (updated_at, id) > (wanted.at, wanted.after)
     order by updated_at, id limit $4)
    order by updated_at, id limit $4) changed
order by wanted.number, changed.updated_at, changed.id"""

_COUNT_SINCE = """
select clock_timestamp() as now, (
    select count(*) from (
        (select from money_requests where payer_wallet_id = $1 and (updated_at, id) > ($2, $3) limit $4)
        union all
        (select from money_requests where requester_wallet_id = $1 and (updated_at, id) > ($2, $3) limit $4)
        limit $4) changed) as changed"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Selects some of a wallet's requests, by place, direction and status. A place is (created_at, id)."""

    wallet_id: UUID
    older_than: tuple[datetime, UUID]
    newer_than: tuple[datetime, UUID]
    incoming: bool
    outgoing: bool
    statuses: Collection[RequestStatus]

    @property
    def arguments(self) -> tuple[object, ...]:
        """The SQL arguments $1 to $8."""
        sides = (self.incoming, self.outgoing)
        return self.wallet_id, *self.older_than, *self.newer_than, list(self.statuses), *sides


async def by_ids(session: Session, ids: Iterable[UUID]) -> dict[UUID, MoneyRequest]:
    """Returns the requests with the given ids, of any owner, by id. Omits unknown ids."""
    return {row["id"]: money_request(row) for row in await session.fetch(_BY_IDS, list(ids))}


async def page(session: Session, scope: Scope, *, limit: int, backwards: bool) -> list[MoneyRequest]:
    """Returns the newest requests of the scope, newest first; if `backwards`, the oldest ones, oldest first."""
    rows = await session.fetch(_OLDEST_FIRST if backwards else _NEWEST_FIRST, *scope.arguments, limit)
    return [money_request(row) for row in rows]


async def count(session: Session, scope: Scope, *, limit: int) -> int | None:
    """Returns the number of requests in the scope, or None if there are more than `limit`."""
    counted: int = await session.fetchval(_COUNT, *scope.arguments, limit + 1)
    return counted if counted <= limit else None


async def since(
    session: Session, wanted: Sequence[tuple[UUID, tuple[datetime, UUID]]], *, limit: int
) -> list[list[MoneyRequest]]:
    """Returns for each (wallet, place) the wallet's requests that changed after the place, in order, up to `limit`.

    A place is (updated_at, id). Changes are ordered by time, then by id.
    """
    rows = await session.fetch(
        _SINCE,
        [wallet_id for wallet_id, _ in wanted],
        [at for _, (at, _) in wanted],
        [after for _, (_, after) in wanted],
        limit,
    )
    found: list[list[MoneyRequest]] = [[] for _ in wanted]
    for row in rows:
        found[row["number"] - 1].append(money_request(row))
    return found


async def count_since(
    session: Session, wallet_id: UUID, place: tuple[datetime, UUID], limit: int
) -> tuple[datetime, int]:
    """Returns the database's time, and how many of the wallet's requests changed after the place, up to `limit`."""
    row = await session.fetchrow(_COUNT_SINCE, wallet_id, *place, limit)
    assert row is not None  # noqa: S101 - a select without from has one row
    return row["now"], row["changed"]


async def insert(session: Session, now: datetime, new: Sequence[MoneyRequest]) -> None:
    """Inserts new requests, created at `now`."""
    await session.execute(
        _INSERT,
        now,
        *_INSERTED.arguments(
            id=[r.id for r in new],
            requester_wallet_id=[r.requester_wallet_id for r in new],
            payer_wallet_id=[r.payer_wallet_id for r in new],
            currency=[r.amount.currency for r in new],
            amount=[r.amount.minor for r in new],
            description=[r.description for r in new],
            status=[r.status for r in new],
            expires_at=[r.expires_at for r in new],
            version=[r.version for r in new],
        ),
    )


async def update(session: Session, now: datetime, changed: Sequence[MoneyRequest]) -> None:
    """Updates the requests to their new state, changed at `now`."""
    await session.execute(
        _UPDATE,
        now,
        *_UPDATED.arguments(
            id=[r.id for r in changed], status=[r.status for r in changed], version=[r.version for r in changed]
        ),
    )


def money_request(record: Record) -> MoneyRequest:
    """Converts a row with at least COLUMNS to a MoneyRequest."""
    return MoneyRequest(
        id=record["id"],
        requester_wallet_id=record["requester_wallet_id"],
        payer_wallet_id=record["payer_wallet_id"],
        amount=Money(record["amount"], record["currency"]),
        description=record["description"],
        status=RequestStatus(record["status"]),
        expires_at=record["expires_at"],
        version=record["version"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
    )
