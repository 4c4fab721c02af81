"""How an operator closes a difference between a bank's file and the books, with a reason.

    checks   it exists; it is not about the operator's own wallet; it is open
    then     it is closed and the act is recorded, in one unit of work

No money moves. When the books must change, an operator reverses a transaction. Closing a difference again changes
nothing, and nothing is recorded.
"""

from uuid import UUID

from pocketpay.database import uuids
from pocketpay.database.sessions import Database
from pocketpay.identity.until_known import until_known
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.operator_log.repository import acts
from pocketpay.payments.parsing import parse_reason
from pocketpay.reconciliation.difference import Difference
from pocketpay.reconciliation.repository import differences
from pocketpay.reconciliation.repository.files import database_time
from pocketpay.transactions.errors import NotFound
from pocketpay.transactions.repository import lookups

THING = "difference"


async def close_bank_difference(
    database: Database, operator: Operator, difference_id: UUID, *, raw_reason: str
) -> tuple[Difference, bool]:
    """Closes a difference. Returns it, and whether it was open.

    Raises NotFound, InvalidInput, OwnWallet, ServiceBusy.
    """
    reason, act_id = parse_reason(raw_reason), uuids.uuid7()

    async def unit() -> tuple[Difference, bool]:
        async with database.write() as session:
            is_open = await differences.lock(session, difference_id)
            if is_open is None:
                raise NotFound("id", THING)
            found = await differences.by_id(session, difference_id)
            assert found is not None, "rows are never removed"  # noqa: S101 - it is locked, too
            parties = None if found.transaction_id is None else await lookups.parties(session, found.transaction_id)
            if parties is not None:
                operator.require_not_own_wallet(parties.source_id, parties.destination_id, field="id")
            if not is_open:
                return found, await acts.is_recorded(session, act_id)
            now = await database_time(session)
            act = Act(act_id, operator, Action.CLOSE_DIFFERENCE, reason, facts={"difference": str(difference_id)})
            await acts.record(session, (act,), now)
            await differences.close(session, difference_id, now, act_id)
            closed = await differences.by_id(session, difference_id)
            assert closed is not None, "rows are never removed"  # noqa: S101 - it is locked, too
            return closed, True

    return await until_known(unit)
