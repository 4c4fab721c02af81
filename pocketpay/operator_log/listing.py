"""The operators' log, newest first: of one wallet, or all of it."""

from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.operator_log.act import RecordedAct
from pocketpay.operator_log.repository import acts
from pocketpay.transactions.filter import Position
from pocketpay.transactions.history import BEGINNING, END

COUNTED = 10_000
"""A count above it is not given: it would cost more than it tells."""


async def read(
    session: Session,
    wallet_id: UUID | None,
    *,
    most: int,
    older_than: Position | None = None,
    newer_than: Position | None = None,
    backwards: bool = False,
) -> list[RecordedAct]:
    """At most `most` of the acts between two positions, the newest first, or `backwards` the oldest first."""
    return await acts.page(
        session,
        wallet_id,
        older_than=older_than or END,
        newer_than=newer_than or BEGINNING,
        limit=most,
        backwards=backwards,
    )


async def count(session: Session, wallet_id: UUID | None) -> int | None:
    """How many acts there are, or None when they are more than COUNTED."""
    return await acts.count(session, wallet_id, most=COUNTED)
