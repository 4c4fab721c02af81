"""The SQL of cards."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.cards.card import Card, CardStatus
from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Record, Session
from pocketpay.money import Money

COLUMNS = (
    "id, wallet_id, currency, label, brand, last4, expiry_month, expiry_year, status, per_payment_limit, "
    "monthly_limit, spent, spent_in, version, created_at, updated_at"
)
"""The columns that `card` reads."""

_BY_IDS = f"select {COLUMNS} from cards where id = any($1::uuid[])"

_OWN = f"select {COLUMNS} from cards where wallet_id = $1 and id = any($2::uuid[])"

_OPEN = """
select wallet_id, count(*) as n from cards where wallet_id = any($1::uuid[]) and status <> 'closed' group by wallet_id
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
"""Two index scans, each with a limit: a wallet may have any number of closed cards."""

_INSERTED = Arrays(
    id="uuid",
    wallet_id="uuid",
    currency="text",
    label="text",
    brand="text",
    last4="text",
    expiry_month="int",
    expiry_year="int",
    status="text",
    per_payment_limit="bigint",
    monthly_limit="bigint",
    spent="bigint",
    spent_in="date",
    version="bigint",
)
_INSERT = f"""
insert into cards ({_INSERTED.names}, created_at, updated_at)
select u.*, $1, $1 from {_INSERTED.unnest("u", numbered_from(2))}
"""

_UPDATED = _INSERTED.only("id", "status", "per_payment_limit", "monthly_limit", "spent", "spent_in", "version")
_UPDATE = f"""
update cards c
set status = u.status, per_payment_limit = u.per_payment_limit, monthly_limit = u.monthly_limit,
    spent = u.spent, spent_in = u.spent_in, version = u.version, updated_at = $1
from {_UPDATED.unnest("u", numbered_from(2))}
where c.id = u.id
"""


async def by_ids(session: Session, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """Returns the cards with the given ids, of any owner, by id. Omits unknown ids."""
    return {row["id"]: card(row) for row in await session.fetch(_BY_IDS, list(ids))}


async def own(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """Returns the cards with the given ids that belong to the wallet, by id."""
    return {row["id"]: card(row) for row in await session.fetch(_OWN, wallet_id, list(ids))}


async def listed(session: Session, wallet_id: UUID, *, limit: int) -> list[Card]:
    """Returns up to `limit` of the wallet's cards, newest first: open cards, and the newest closed ones."""
    return [card(row) for row in await session.fetch(_LISTED, wallet_id, limit)]


async def open_cards(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Returns the number of open cards by wallet. Omits wallets without open cards."""
    return {row["wallet_id"]: row["n"] for row in await session.fetch(_OPEN, list(wallet_ids))}


async def open_ids(session: Session, wallet_ids: Iterable[UUID]) -> list[UUID]:
    """Returns the ids of the wallets' open cards."""
    rows = await session.fetch(
        "select id from cards where wallet_id = any($1::uuid[]) and status <> 'closed'", list(wallet_ids)
    )
    return [row["id"] for row in rows]


async def insert(session: Session, now: datetime, new: Sequence[Card]) -> None:
    """Inserts new cards, created at `now`."""
    await session.execute(
        _INSERT,
        now,
        *_INSERTED.arguments(
            id=[c.id for c in new],
            wallet_id=[c.wallet_id for c in new],
            currency=[c.currency for c in new],
            label=[c.label for c in new],
            brand=[c.brand for c in new],
            last4=[c.last4 for c in new],
            expiry_month=[c.expiry_month for c in new],
            expiry_year=[c.expiry_year for c in new],
            status=[c.status for c in new],
            per_payment_limit=[_minor(c.per_payment_limit) for c in new],
            monthly_limit=[_minor(c.monthly_limit) for c in new],
            spent=[c.spent.minor for c in new],
            spent_in=[c.spent_in for c in new],
            version=[c.version for c in new],
        ),
    )


async def update(session: Session, now: datetime, changed: Sequence[Card]) -> None:
    """Updates the cards to their new state, changed at `now`."""
    await session.execute(
        _UPDATE,
        now,
        *_UPDATED.arguments(
            id=[c.id for c in changed],
            status=[c.status for c in changed],
            per_payment_limit=[_minor(c.per_payment_limit) for c in changed],
            monthly_limit=[_minor(c.monthly_limit) for c in changed],
            spent=[c.spent.minor for c in changed],
            spent_in=[c.spent_in for c in changed],
            version=[c.version for c in changed],
        ),
    )


def card(record: Record) -> Card:
    """Converts a row with at least COLUMNS to a Card."""
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
