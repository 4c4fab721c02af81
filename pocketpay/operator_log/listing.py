"""The operator log, newest first: the acts about one wallet, or all acts."""

from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.operator_log.act import RecordedAct
from pocketpay.operator_log.repository import acts
from pocketpay.transactions.filter import BEGINNING, END, Position

MAX_COUNT = 10_000
"""A larger count is returned as None: the exact number is not worth its cost."""


async def read(
    session: Session,
    wallet_id: UUID | None,
    *,
    limit: int,
    older_than: Position | None = None,
    newer_than: Position | None = None,
    backwards: bool = False,
) -> list[RecordedAct]:
    """Returns at most `limit` acts between two positions: newest first, or oldest first when `backwards`.

    A wallet id of None means the acts about any wallet.
    """
    return await acts.page(
        session,
        wallet_id,
        older_than=older_than or END,
        newer_than=newer_than or BEGINNING,
        limit=limit,
        backwards=backwards,
    )


async def count(session: Session, wallet_id: UUID | None) -> int | None:
    """The number of acts about the wallet, or of all acts; None above MAX_COUNT."""
    return await acts.count(session, wallet_id, maximum=MAX_COUNT)
