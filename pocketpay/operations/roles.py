"""Who is an operator: a column of the user's row, looked up each time it matters.

Granted and revoked on the command line alone: whoever can run it there has the database in their hands anyway.
"""

import uuid_utils.compat as uuids

from pocketpay.database.sessions import Database, Session
from pocketpay.identity.errors import Forbidden
from pocketpay.identity.repository import people
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import Role, User
from pocketpay.identity.viewer import Viewer
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.operator_log.repository import acts
from pocketpay.payments.parsing import parse_reason, parse_recipient
from pocketpay.transactions.errors import NotFound


async def operator(session: Session, viewer: Viewer) -> Operator:
    """The viewer as an operator, if they are one now. Raises Forbidden."""
    found = await people.by_id(session, viewer.user_id)
    if found is None or found.user.role is not Role.OPERATOR:
        raise Forbidden
    return Operator(found.user.id, found.user.username, found.user.wallet_id)


async def set_role(
    database: Database, acting: Operator, *, raw_username: str, role: Role, raw_reason: str
) -> tuple[User, bool]:
    """Gives somebody the role; gives them as they are then, and whether that changed anything. Recorded if it did.

    Raises NotFound when nobody has that username, InvalidInput, ServiceBusy.
    """
    username, reason, act_id = parse_recipient(raw_username), parse_reason(raw_reason), uuids.uuid7()
    action = Action.GRANT_ROLE if role is Role.OPERATOR else Action.REVOKE_ROLE

    async def unit() -> tuple[User, bool]:
        async with database.write() as session:
            found = await people.set_role(session, username, role)
            if found is None:
                raise NotFound("user")
            user, changed = found
            if changed and not await acts.is_recorded(session, act_id):
                await acts.record(session, (Act(act_id, acting, action, reason, wallet_id=user.wallet_id),))
        return user, changed

    return await until_known(unit)
