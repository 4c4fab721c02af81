"""The operator role: a column of the user's row, read each time it is needed.

It is granted and revoked only on the command line: anyone who can run commands there has full access to the database
anyway.
"""

from pocketpay.database import uuids
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
    """Returns the viewer as an Operator. Raises Forbidden when the viewer is not an operator now."""
    found = await people.by_id(session, viewer.user_id)
    if found is None or found.user.role is not Role.OPERATOR:
        raise Forbidden
    return Operator(found.user.id, found.user.username, found.user.wallet_id)


async def set_role(
    database: Database, acting: Operator, *, raw_username: str, role: Role, raw_reason: str
) -> tuple[User, bool]:
    """Sets the role of a user, and records the act when the role changed. Returns the user and whether it changed.

    Raises NotFound when no user has the username, InvalidInput, ServiceBusy.
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
