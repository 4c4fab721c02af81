"""Creates each object of Stripe exactly once.

    known      the stored id is used; nothing is created
    new        a row is written, which only one server holds; Stripe creates the object; its id is stored
    old        an order older than REMEMBERED is searched for at Stripe first, because Stripe may have forgotten the
               idempotency key; it is created only if it is not there

Stripe forgets an idempotency key after 24 hours. Without the search, a repeated order would then be a second payment.
A server that dies after Stripe's answer and before the id is stored leaves a row without an id. Until REMEMBERED, the
same key returns the same object; after it, the search finds the object.

Stripe remembers a refusal for a key too. After a refusal that can end (no balance), the next attempt has another key.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog

from pocketpay.banking.bank import BankUnavailable
from pocketpay.banking.stripe import repository
from pocketpay.banking.stripe.connection import NoBalance, Refused
from pocketpay.banking.stripe.kinds import Ending, Kind, Stored
from pocketpay.database.sessions import Database
from pocketpay.errors import PocketPayError

REMEMBERED = timedelta(hours=23)
"""How old an order may be so that Stripe surely remembers its keys: 24 hours, less an hour for wrong clocks."""

LEASE = timedelta(seconds=30)
"""How long a server alone may create an object: longer than any call takes."""

Ids = AsyncIterator[str]


class NotCreated(PocketPayError):
    """Stripe refused to create the object, for ever. `claimed` is still this server's for LEASE."""

    def __init__(self, claimed: Stored, refused: Refused) -> None:
        super().__init__(refused.code)
        self.claimed, self.refused = claimed, refused


log = structlog.get_logger(__name__)


async def create_once(
    database: Database,
    owner_id: UUID,
    kind: Kind,
    create: Callable[[str], Awaitable[str]],
    find: Callable[[], Ids] | None = None,
) -> str:
    """Returns the id of the object of this owner and kind, and creates it if there is none.

    `create` gets the idempotency key and returns the id. `find` yields the ids of such objects at Stripe; without it
    a second object would do no harm. Raises BankUnavailable if another server is creating the object, NotCreated if
    Stripe refuses for ever, and the other errors of both functions.
    """
    async with database.write() as session:
        claimed = await repository.claim(session, owner_id, kind, LEASE)
    if claimed is None:
        return await _known(database, owner_id, kind)
    stripe_id = await _found(find, owner_id, kind) if find is not None and age(owner_id) > REMEMBERED else None
    if stripe_id is None:
        try:
            stripe_id = await create(key_of(claimed))
        except NoBalance:
            async with database.write() as session:
                await repository.refused(session, claimed)
            raise
        except Refused as refused:
            raise NotCreated(claimed, refused) from None
    return await remember(database, owner_id, kind, stripe_id)


async def remember(database: Database, owner_id: UUID, kind: Kind, stripe_id: str) -> str:
    """Stores the id of an object, unless one is stored. Returns the stored one."""
    async with database.write() as session:
        return (await repository.put(session, owner_id, kind, stripe_id)).stripe_id or stripe_id


async def end(database: Database, known: Stored, ending: Ending, why: str = "") -> Stored:
    """Stores how an order ended, unless that is stored. Returns the row, whose `ending` counts.

    `known` is the row with its id, the row that this server has claimed, or none at all. Raises BankUnavailable if
    another server creates the object of this row, or has created it.
    """
    async with database.write() as session:
        ended = await repository.end(session, known, ending, why)
    if ended is None:
        raise BankUnavailable("another server is executing this order")
    return ended


def key_of(claimed: Stored) -> str:
    """Returns the idempotency key of an attempt to create an object."""
    key = f"{claimed.kind}-{claimed.owner_id}"
    return f"{key}-{claimed.attempt}" if claimed.attempt else key


def age(order_id: UUID) -> timedelta:
    """Returns how long ago the UUIDv7 was created."""
    return timedelta(seconds=time.time() - (order_id.int >> 80) / 1000)


async def _known(database: Database, owner_id: UUID, kind: Kind) -> str:
    stored = (await database.query(repository.of_owners, owner_id)).get(kind)
    if stored is None or stored.stripe_id is None:
        raise BankUnavailable("another server is creating this object")
    return stored.stripe_id


async def _found(find: Callable[[], Ids], owner_id: UUID, kind: Kind) -> str | None:
    """Returns the id of the object at Stripe, or None. Logs an error if there are several: money moved twice.

    Raises BankUnavailable if Stripe does not let us search, because then nothing is known.
    """
    try:
        found = [one async for one in find()]
    except Refused as refused:
        log.error("stripe_object_unreadable", type=str(kind), code=refused.code)
        raise BankUnavailable("the objects of this order cannot be searched") from None
    if len(found) > 1:
        log.error("stripe_object_is_not_unique", type=str(kind), name=str(owner_id), count=len(found))
    return found[-1] if found else None
