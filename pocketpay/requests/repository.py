"""All SQL about money requests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.money import Money
from pocketpay.requests.money_request import MoneyRequest, RequestStatus

COLUMNS = (
    "id, requester_wallet_id, payer_wallet_id, currency, amount, description, status, expires_at, version, "
    "created_at, updated_at"
)
"""What `money_request` needs, in the order of the table."""

_BY_IDS = f"select {COLUMNS} from money_requests where id = any($1::uuid[])"

_INSERT = f"""
insert into money_requests ({COLUMNS})
select u.*, $1, $1 from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[], $8::text[],
    $9::timestamptz[], $10::bigint[]) u
"""

_UPDATE = """
update money_requests r set status = u.status, version = u.version, updated_at = $1
from unnest($2::uuid[], $3::text[], $4::bigint[]) u(id, status, version)
where r.id = u.id
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a money request never changes, and a payment of it must know before it queues."""

    requester_id: UUID
    payer_id: UUID
    amount: Money
    description: str


async def by_ids(session: Session, ids: Iterable[UUID]) -> dict[UUID, MoneyRequest]:
    """The requests of those ids, whosever they are; an id of none is not in the answer."""
    return {row["id"]: money_request(row) for row in await session.fetch(_BY_IDS, list(ids))}


async def insert(session: Session, now: datetime, new: Sequence[MoneyRequest]) -> None:
    """Writes new requests, made at `now`."""
    await session.execute(
        _INSERT,
        now,
        [r.id for r in new],
        [r.requester_wallet_id for r in new],
        [r.payer_wallet_id for r in new],
        [r.amount.currency for r in new],
        [r.amount.minor for r in new],
        [r.description for r in new],
        [r.status for r in new],
        [r.expires_at for r in new],
        [r.version for r in new],
    )


async def update(session: Session, now: datetime, changed: Sequence[MoneyRequest]) -> None:
    """Writes how those requests stand since `now`."""
    await session.execute(
        _UPDATE, now, [r.id for r in changed], [r.status for r in changed], [r.version for r in changed]
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
