"""All SQL about cards."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.cards.card import Card, CardStatus
from pocketpay.database.sessions import Record, Session
from pocketpay.money import Money

COLUMNS = (
    "id, wallet_id, currency, label, brand, last4, expiry_month, expiry_year, status, per_payment_limit, "
    "monthly_limit, spent, spent_in, version, created_at, updated_at"
)
"""What `card` needs."""

_BY_IDS = f"select {COLUMNS} from cards where id = any($1::uuid[])"

_OWN = f"select {COLUMNS} from cards where wallet_id = $1 and id = any($2::uuid[])"

_OPEN = """
select wallet_id, count(*) from cards where wallet_id = any($1::uuid[]) and status <> 'closed' group by wallet_id
"""

_LISTED = f"""
select {COLUMNS} from (
    select * from (
        (select * from cards where wallet_id = $1 and status <> 'closed' order by created_at desc, id desc limit $2)
        union all
        (select * from cards where wallet_id = $1 and status = 'closed' order by created_at desc, id desc limit $2)
    ) its
    order by status = 'closed', created_at desc, id desc limit $2) listed
order by created_at desc, id desc
"""
"""Two scans that each stop in time: who issues and closes for ever has as many closed ones."""

_INSERT = f"""
insert into cards ({COLUMNS})
select u.*, $1, $1 from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
    $9::int[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::date[], $15::bigint[]) u
"""

_UPDATE = """
update cards c
set status = u.status, per_payment_limit = u.per_payment_limit, monthly_limit = u.monthly_limit,
    spent = u.spent, spent_in = u.spent_in, version = u.version, updated_at = $1
from unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::date[], $8::bigint[])
    u(id, status, per_payment_limit, monthly_limit, spent, spent_in, version)
where c.id = u.id
"""


async def by_ids(session: Session, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """The cards of those ids, whosever they are; an id of none is not in the answer."""
    return {row["id"]: card(row) for row in await session.fetch(_BY_IDS, list(ids))}


async def own(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """Those of the cards of those ids that are that wallet's."""
    return {row["id"]: card(row) for row in await session.fetch(_OWN, wallet_id, list(ids))}


async def listed(session: Session, wallet_id: UUID, *, most: int) -> list[Card]:
    """The wallet's cards, newest first, at most so many: those that are open, then the newest of the closed."""
    return [card(row) for row in await session.fetch(_LISTED, wallet_id, most)]


async def open_cards(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many cards of each of those wallets are not closed; a wallet without any is not in the answer."""
    return {row[0]: row[1] for row in await session.fetch(_OPEN, list(wallet_ids))}


async def open_ids(session: Session, wallet_ids: Iterable[UUID]) -> list[UUID]:
    """The cards of those wallets that are not closed."""
    rows = await session.fetch(
        "select id from cards where wallet_id = any($1::uuid[]) and status <> 'closed'", list(wallet_ids)
    )
    return [row[0] for row in rows]


async def insert(session: Session, now: datetime, new: Sequence[Card]) -> None:
    """Writes new cards, made at `now`."""
    await session.execute(
        _INSERT,
        now,
        [c.id for c in new],
        [c.wallet_id for c in new],
        [c.currency for c in new],
        [c.label for c in new],
        [c.brand for c in new],
        [c.last4 for c in new],
        [c.expiry_month for c in new],
        [c.expiry_year for c in new],
        [c.status for c in new],
        [_minor(c.per_payment_limit) for c in new],
        [_minor(c.monthly_limit) for c in new],
        [c.spent.minor for c in new],
        [c.spent_in for c in new],
        [c.version for c in new],
    )


async def update(session: Session, now: datetime, changed: Sequence[Card]) -> None:
    """Writes how those cards stand since `now`."""
    await session.execute(
        _UPDATE,
        now,
        [c.id for c in changed],
        [c.status for c in changed],
        [_minor(c.per_payment_limit) for c in changed],
        [_minor(c.monthly_limit) for c in changed],
        [c.spent.minor for c in changed],
        [c.spent_in for c in changed],
        [c.version for c in changed],
    )


def card(record: Record) -> Card:
    """The value of a row that holds at least COLUMNS."""
    currency = record["currency"]
    return Card(
        id=record["id"],
        wallet_id=record["wallet_id"],
        currency=currency,
        label=record["label"],
        brand=record["brand"],
        last4=record["last4"],
        expiry_month=record["expiry_month"],
        expiry_year=record["expiry_year"],
        status=CardStatus(record["status"]),
        per_payment_limit=_money(record["per_payment_limit"], currency),
        monthly_limit=_money(record["monthly_limit"], currency),
        spent=Money(record["spent"], currency),
        spent_in=record["spent_in"],
        version=record["version"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
    )


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
