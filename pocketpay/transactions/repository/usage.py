"""How much of their limits wallets have used: stored by the hour, and read by payment where the window begins.

A wallet's rows are written under its account's lock, in the unit of work that moves its money.

Decision 16 gives the reasons.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pocketpay.database.composites import Composite
from pocketpay.database.sessions import Session
from pocketpay.transactions.limits import COUNTED, KIND_OF, LimitKind

HourUsed = tuple[UUID, LimitKind, datetime]
"""Wallet id, limit, beginning of the hour."""

KIND = "case t.type " + " ".join(f"when '{type}' then '{kind}'" for type, kind in KIND_OF.items()) + " end"
"""SQL: the limit in which a transaction `t` counts, or null."""

COUNTS = f"t.status in ({', '.join(repr(status.value) for status in COUNTED)})"

COUNTED_AMOUNT = "t.amount - t.uncounted"
"""SQL: the amount that a counted transaction `t` uses, in minor units."""

UPPER = """
cross join lateral (
    select coalesce(sum(u.amount), 0)::bigint as upper from wallet_usage u
    where u.wallet_id = q.wallet_id and u.kind = q.kind and u.hour >= clock.edge) usage"""
"""SQL: the sum of all hours of the window, including the hour in which the window begins. It is an upper bound of the
used amount."""

EDGE = "date_trunc('hour', now - interval '24 hours', 'UTC')"
"""SQL: the beginning of the hour in which the window begins."""

_TYPES = ", ".join(
    f"('{kind}', array[{', '.join(repr(type.value) for type, its in KIND_OF.items() if its is kind)}])"
    for kind in LimitKind
)
"""SQL: the types of transactions that each limit counts, as rows."""

_USED = f"""
with clock as materialized (
    select now, {EDGE} as edge from (select coalesce($3::timestamptz, clock_timestamp()) as now) asked)
select q.wallet_id, q.kind, (hours.whole + rest.used)::bigint as used, coalesce(rest.oldest, first.at) as oldest
from clock
cross join unnest($1::uuid[], $2::text[]) q(wallet_id, kind)
join (values {_TYPES}) kinds(kind, types) on kinds.kind = q.kind
cross join lateral (
    select coalesce(sum(u.amount), 0) as whole, min(u.hour) filter (where u.amount > 0) as first
    from wallet_usage u
    where u.wallet_id = q.wallet_id and u.kind = q.kind and u.hour > clock.edge) hours
cross join lateral (
    select coalesce(sum({COUNTED_AMOUNT}), 0) as used,
        min(t.created_at) filter (where {COUNTED_AMOUNT} > 0) as oldest
    from transactions t
    where coalesce(t.source_wallet_id, t.destination_wallet_id) = q.wallet_id
      and t.created_at > clock.now - interval '24 hours' and t.created_at < clock.edge + interval '1 hour'
      and t.type = any(kinds.types) and {COUNTS}) rest
left join lateral (
    select t.created_at as at from transactions t
    where coalesce(t.source_wallet_id, t.destination_wallet_id) = q.wallet_id
      and t.created_at >= hours.first and t.created_at < hours.first + interval '1 hour'
      and t.type = any(kinds.types) and {COUNTS} and {COUNTED_AMOUNT} > 0
    order by t.created_at limit 1) first on true
"""

_SWEEP = f"""
with swept as materialized (select id from wallets where id > $1 order by id limit $4),
old as materialized (
    select u.ctid from swept
    cross join unnest(array[{", ".join(repr(str(kind)) for kind in LimitKind)}]) kinds(kind)
    cross join lateral (
        select ctid from wallet_usage u
        where u.wallet_id = swept.id and u.kind = kinds.kind
          and u.hour < least($2::timestamptz, (select clock_timestamp()) - $3::interval)
        order by u.hour limit $5 for update skip locked) u
    limit $5),
deleted as (delete from wallet_usage where ctid = any(array(select ctid from old)) returning 1)
select (select count(*) from deleted) as deleted, (select id from swept order by id desc limit 1) as last
"""

CHANGES = Composite[tuple[HourUsed, int]](
    "written_usage",
    lambda change: (*change[0], change[1]),
    wallet_id="uuid",
    kind="text",
    hour="timestamptz",
    amount="bigint",
)


def written(numbers: Iterator[int]) -> str:
    """Returns the part of a unit of work's write statement that writes the usage.

    It uses MERGE, not INSERT … ON CONFLICT: a refund's change is negative, and the insert would violate the
    constraint `amount_not_negative` before it finds the existing row.
    """
    return f"""
written_usage as (
    merge into wallet_usage w
    using {CHANGES.unnest("u", numbers)}
    on w.wallet_id = u.wallet_id and w.kind = u.kind and w.hour = u.hour
    when matched then update set amount = w.amount + u.amount
    when not matched then insert (wallet_id, kind, hour, amount) values (u.wallet_id, u.kind, u.hour, u.amount))
"""


def written_argument(changes: Mapping[HourUsed, int]) -> Sequence[object]:
    """Returns the argument of `written`: the change of each hour's sum in minor units, negative for a refund."""
    return CHANGES.rows(changes.items())


@dataclass(frozen=True, slots=True)
class Used:
    """The used amount of one limit in minor units, and the time at which its oldest counted payment was ordered."""

    minor: int
    oldest: datetime | None


async def used(
    session: Session, wanted: Collection[tuple[UUID, LimitKind]], now: datetime | None = None
) -> dict[tuple[UUID, LimitKind], Used]:
    """Returns the used amount of each limit of each wallet in the 24 hours before `now` (default: now)."""
    rows = await session.fetch(_USED, [wallet for wallet, _ in wanted], [kind for _, kind in wanted], now)
    return {(row["wallet_id"], LimitKind(row["kind"])): Used(row["used"], row["oldest"]) for row in rows}


class Swept(NamedTuple):
    """The number of deleted hours, and the last wallet that was searched: None when no wallet is left."""

    deleted: int
    last: UUID | None


async def sweep(
    session: Session, after: UUID, *, before: datetime, kept: timedelta, wallets: int, rows: int
) -> Swept:
    """Deletes at most `rows` hours of the `wallets` next wallets after this id.

    An hour is deleted when it is older than `before`, and older than `kept` by the database's clock. After `rows`
    deletions the same wallets may have more old hours.
    """
    row = await session.fetchrow(_SWEEP, after, before, kept, wallets, rows)
    assert row is not None  # noqa: S101 - the statement returns one row
    return Swept(row["deleted"], row["last"])
