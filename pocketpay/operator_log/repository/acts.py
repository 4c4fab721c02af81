"""All SQL that writes and reads acts of operators."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson

from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Record, Session
from pocketpay.operator_log.act import Act, Action, Operator, RecordedAct
from pocketpay.transactions.filter import Position

_RECORDED = Arrays(
    id="uuid",
    operator_id="uuid",
    operator="text",
    action="text",
    wallet_id="uuid",
    transaction_id="uuid",
    reason="text",
    facts="jsonb",
)
_COLUMNS = f"{_RECORDED.names}, created_at"
_RECORD = f"""
insert into operator_actions ({_COLUMNS})
select u.*, coalesce($1, clock_timestamp()) from {_RECORDED.unnest("u", numbered_from(2))}
"""


def _page(order: str) -> str:
    """Returns the SQL of the acts between positions ($3, $4) and ($1, $2), about wallet $5; null means any wallet."""
    return f"""
    select {_COLUMNS} from operator_actions
    where (created_at, id) < ($1, $2) and (created_at, id) > ($3, $4) and ($5::uuid is null or wallet_id = $5)
    order by created_at {order}, id {order} limit $6"""


_NEWEST_FIRST, _OLDEST_FIRST = _page("desc"), _page("asc")
_COUNT = """
select count(*) from (select from operator_actions where $1::uuid is null or wallet_id = $1 limit $2) counted
"""


async def record(session: Session, acts: Sequence[Act], now: datetime | None = None) -> None:
    """Writes the acts, with the time `now` or by default the database's time."""
    await session.execute(
        _RECORD,
        now,
        *_RECORDED.arguments(
            id=[act.id for act in acts],
            operator_id=[act.operator.user_id for act in acts],
            operator=[act.operator.name for act in acts],
            action=[act.action for act in acts],
            wallet_id=[act.wallet_id for act in acts],
            transaction_id=[act.transaction_id for act in acts],
            reason=[act.reason for act in acts],
            facts=[orjson.dumps(act.facts).decode() for act in acts],
        ),
    )


async def is_recorded(session: Session, act_id: UUID) -> bool:
    """Whether the act is already written, by an attempt whose reply was lost."""
    found: bool = await session.fetchval("select exists(select from operator_actions where id = $1)", act_id)
    return found


async def page(
    session: Session,
    wallet_id: UUID | None,
    *,
    older_than: Position,
    newer_than: Position,
    limit: int,
    backwards: bool,
) -> list[RecordedAct]:
    """Returns the newest `limit` acts strictly between two positions, or when `backwards` the oldest.

    A wallet id of None means the acts about any wallet.
    """
    query = _OLDEST_FIRST if backwards else _NEWEST_FIRST
    return [_recorded(row) for row in await session.fetch(query, *older_than, *newer_than, wallet_id, limit)]


async def count(session: Session, wallet_id: UUID | None, *, maximum: int) -> int | None:
    """The number of acts about the wallet, or of all acts; None above `maximum`."""
    counted: int = await session.fetchval(_COUNT, wallet_id, maximum + 1)
    return counted if counted <= maximum else None


def _recorded(row: Record) -> RecordedAct:
    act = Act(
        id=row["id"],
        operator=Operator(row["operator_id"], row["operator"]),
        action=Action(row["action"]),
        reason=row["reason"],
        wallet_id=row["wallet_id"],
        transaction_id=row["transaction_id"],
        facts=orjson.loads(row["facts"]),
    )
    return RecordedAct(act, row["created_at"])
