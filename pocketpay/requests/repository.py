"""All SQL about money requests."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Record, Session
from pocketpay.money import Money
from pocketpay.requests.money_request import MoneyRequest, RequestStatus

COLUMNS = (
    "id, requester_wallet_id, payer_wallet_id, currency, amount, description, status, expires_at, version, "
    "created_at, updated_at"
)
"""What `money_request` needs, in the order of the table."""

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
    """What $1 is asked for (if $7) or has asked for (if $8), in the states $6, between ($4, $5) and ($2, $3).

    One keyset scan for each side and state, each as long as the page: so a page costs the same at any depth.
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
    """Some of one wallet's requests: those between two places, (created_at, id) each, on these sides, so standing."""

    wallet_id: UUID
    older_than: tuple[datetime, UUID]
    newer_than: tuple[datetime, UUID]
    asked_of: bool
    asked_by: bool
    statuses: Collection[RequestStatus]

    @property
    def arguments(self) -> tuple[object, ...]:
        """$1…$8."""
        sides = (self.asked_of, self.asked_by)
        return self.wallet_id, *self.older_than, *self.newer_than, list(self.statuses), *sides


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a money request never changes, and a payment of it must know before it queues."""

    requester_id: UUID
    payer_id: UUID
    amount: Money
    description: str

    @classmethod
    def of(cls, request: MoneyRequest) -> Self:
        """That of a request."""
        return cls(request.requester_wallet_id, request.payer_wallet_id, request.amount, request.description)


async def by_ids(session: Session, ids: Iterable[UUID]) -> dict[UUID, MoneyRequest]:
    """The requests of those ids, whosever they are; an id of none is not in the answer."""
    return {row["id"]: money_request(row) for row in await session.fetch(_BY_IDS, list(ids))}


async def page(session: Session, scope: Scope, *, limit: int, backwards: bool) -> list[MoneyRequest]:
    """The newest requests of the scope, newest first, or `backwards` the oldest, oldest first."""
    rows = await session.fetch(_OLDEST_FIRST if backwards else _NEWEST_FIRST, *scope.arguments, limit)
    return [money_request(row) for row in rows]


async def count(session: Session, scope: Scope, *, most: int) -> int | None:
    """How many requests are in the scope, or None when above `most`."""
    counted: int = await session.fetchval(_COUNT, *scope.arguments, most + 1)
    return counted if counted <= most else None


async def since(
    session: Session, wanted: Sequence[tuple[UUID, tuple[datetime, UUID]]], *, limit: int
) -> list[list[MoneyRequest]]:
    """For each wallet and place, its requests that changed after it, in order, at most `limit`.

    A place is a moment and an id: after it come later changes, and those of that moment with a greater id.
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
    session: Session, wallet_id: UUID, place: tuple[datetime, UUID], most: int
) -> tuple[datetime, int]:
    """The database's time, and how many of a wallet's requests changed after that place: exact up to `most`."""
    row = await session.fetchrow(_COUNT_SINCE, wallet_id, *place, most)
    assert row is not None  # noqa: S101 - a select without from has one row
    return row["now"], row["changed"]


async def insert(session: Session, now: datetime, new: Sequence[MoneyRequest]) -> None:
    """Writes new requests, made at `now`."""
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
    """Writes how those requests stand since `now`."""
    await session.execute(
        _UPDATE,
        now,
        *_UPDATED.arguments(
            id=[r.id for r in changed], status=[r.status for r in changed], version=[r.version for r in changed]
        ),
    )


def money_request(record: Record) -> MoneyRequest:
    """The value of a row that holds at least COLUMNS."""
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
