"""The SQL of the table of Stripe's ids. All times come from PostgreSQL's clock."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from pocketpay.banking.stripe.kinds import Ending, Kind, Stored
from pocketpay.database.sessions import Record, Session

_COLUMNS = "owner_id, kind, stripe_id, attempt, ending, why, busy_until"
_OF_OWNERS = f"select {_COLUMNS} from stripe_objects where owner_id = any($1::uuid[])"
_OF_IDS = f"select {_COLUMNS} from stripe_objects where stripe_id = any($1::text[]) limit $2"
_CLAIM = f"""
insert into stripe_objects as stored (owner_id, kind, attempt, why, busy_until, created_at)
values ($1, $2, 0, '', clock_timestamp() + $3::interval, clock_timestamp())
on conflict (owner_id, kind) do update set busy_until = clock_timestamp() + $3::interval
where stored.stripe_id is null and stored.ending is null
  and (stored.busy_until is null or stored.busy_until < clock_timestamp())
returning {_COLUMNS}
"""
_REFUSED = """
update stripe_objects set attempt = attempt + 1, busy_until = null
where owner_id = $1 and kind = $2 and busy_until = $3 and stripe_id is null
"""
_PUT = f"""
insert into stripe_objects as stored (owner_id, kind, stripe_id, attempt, why, created_at)
values ($1, $2, $3, 0, '', clock_timestamp())
on conflict (owner_id, kind) do update
set stripe_id = coalesce(stored.stripe_id, excluded.stripe_id), busy_until = null
returning {_COLUMNS}
"""
_END = f"""
insert into stripe_objects as stored (owner_id, kind, stripe_id, attempt, ending, why, created_at)
values ($1, $2, $5, 0, $3, $4, clock_timestamp())
on conflict (owner_id, kind) do update
set ending = coalesce(stored.ending, excluded.ending), busy_until = null,
    why = case when stored.ending is null then excluded.why else stored.why end
where stored.ending is not null
   or (stored.stripe_id is not distinct from $5 and stored.busy_until is not distinct from $6)
returning {_COLUMNS}
"""
"""Changes nothing if another server has claimed the row, or has stored an id, since it was read."""


async def of_owners(session: Session, *owner_ids: UUID) -> dict[Kind, Stored]:
    """Returns the objects of these owners, by kind. Owners have different kinds."""
    return {Kind(row["kind"]): _stored(row) for row in await session.fetch(_OF_OWNERS, list(owner_ids))}


async def of_stripe_ids(session: Session, stripe_ids: Collection[str], *, limit: int) -> list[Stored]:
    """Returns the rows with these ids of Stripe."""
    return [_stored(row) for row in await session.fetch(_OF_IDS, list(stripe_ids), limit)]


async def claim(session: Session, owner_id: UUID, kind: Kind, lease: timedelta) -> Stored | None:
    """Claims the creation of an object. Returns None if another server is creating it, or if it exists."""
    row = await session.fetchrow(_CLAIM, owner_id, kind, lease)
    return None if row is None else _stored(row)


async def refused(session: Session, stored: Stored) -> None:
    """Records that Stripe refused this attempt and created nothing. The next attempt has another idempotency key."""
    await session.execute(_REFUSED, stored.owner_id, stored.kind, stored.busy_until)


async def put(session: Session, owner_id: UUID, kind: Kind, stripe_id: str) -> Stored:
    """Stores the id of an object, unless one is stored. Returns the row."""
    return _stored(await session.fetchrow(_PUT, owner_id, kind, stripe_id))


async def end(session: Session, known: Stored, ending: Ending, why: str) -> Stored | None:
    """Stores how an order ended, unless that is stored. Returns the row, whose `ending` counts.

    Returns None if the row is no longer as it is known: another server creates the object, or has created it.
    """
    row = await session.fetchrow(_END, known.owner_id, known.kind, ending, why, known.stripe_id, known.busy_until)
    return None if row is None else _stored(row)


def _stored(row: Record | None) -> Stored:
    assert row is not None  # noqa: S101 - each statement returns its row
    ending = row["ending"]
    return Stored(
        row["owner_id"],
        Kind(row["kind"]),
        row["stripe_id"],
        row["attempt"],
        None if ending is None else Ending(ending),
        row["why"],
        row["busy_until"],
    )
