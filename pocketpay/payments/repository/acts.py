"""All SQL that writes what operators did."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from pocketpay.database.sessions import Session
from pocketpay.payments.acts import Act

_RECORD = """
insert into operator_actions
    (id, operator_id, operator, action, wallet_id, transaction_id, reason, facts, created_at)
select u.*, coalesce($9, clock_timestamp()) from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[],
    $6::uuid[], $7::text[], $8::jsonb[]) u
"""


async def record(session: Session, acts: Sequence[Act], now: datetime | None = None) -> None:
    """Writes those acts for good, as of `now` or the database's clock."""
    await session.execute(
        _RECORD,
        [act.id for act in acts],
        [act.operator.user_id for act in acts],
        [act.operator.name for act in acts],
        [act.action for act in acts],
        [act.wallet_id for act in acts],
        [act.transaction_id for act in acts],
        [act.reason for act in acts],
        [orjson.dumps(act.facts).decode() for act in acts],
        now,
    )
