"""How an operator ends every session of a customer. Every client, also a thief's, must then sign in again.

    checks   not the operator's own wallet; not closed; at least one active session
    then     the end of all sessions, the signal to every server, and the record of the act, in one unit of work

Servers close the websockets of ended sessions. When there is no active session, nothing is recorded. The password
does not change: against a thief who knows it, freeze the wallet or begin a recovery.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.database import uuids
from pocketpay.database.sessions import Database
from pocketpay.identity.sessions import end_all
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import User
from pocketpay.operations import customers
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.operator_log.repository import acts
from pocketpay.payments.parsing import parse_reason


@dataclass(frozen=True, slots=True)
class EndedSessions:
    """The user whose sessions were ended, and the ids of these sessions."""

    user: User
    session_ids: list[UUID]


async def end_sessions(database: Database, operator: Operator, wallet_id: UUID, *, raw_reason: str) -> EndedSessions:
    """Ends all sessions of the owner of a wallet, which must exist.

    Raises InvalidInput, OwnWallet, WalletClosed, ServiceBusy.
    """
    reason = parse_reason(raw_reason)
    operator.require_not_own_wallet(wallet_id, field="customer")
    act_id, ended = uuids.uuid7(), list[UUID]()

    async def unit() -> User:
        nonlocal ended
        async with database.write() as session:
            user = await customers.lock(session, wallet_id)
            if await acts.is_recorded(session, act_id):  # our first attempt, whose reply was lost
                return user
            ended = await end_all(session, user.id)
            if ended:
                facts = {"sessions": len(ended)}
                act = Act(act_id, operator, Action.END_SESSIONS, reason, wallet_id=wallet_id, facts=facts)
                await acts.record(session, (act,))
            return user

    return EndedSessions(await until_known(unit), ended)
