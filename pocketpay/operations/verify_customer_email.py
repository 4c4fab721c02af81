"""How an operator declares that an email address belongs to the customer who has given it.

    the operator's own?
    closed?   any address?   that one?   verified already?
    then the address is theirs, and the record of the act, in one unit of work

It counts as the customer's own verification does (decision record 31): for another user who had verified the address
before, it is not verified any more. It earns no welcome bonus. The operator types the address, so that none is
verified by mistake. The record does not keep it: acts are never deleted, and nothing personal is kept of a customer
who leaves.
"""

from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.database.sessions import Database
from pocketpay.identity.contacts import Contact, email_address
from pocketpay.identity.repository import verification
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import User
from pocketpay.operations import customers
from pocketpay.operations.errors import NoEmail, NotTheirEmail
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.operator_log.repository import acts
from pocketpay.payments.parsing import parse_reason


async def verify_customer_email(
    database: Database, operator: Operator, wallet_id: UUID, *, raw_email: str, raw_reason: str
) -> tuple[User, bool]:
    """Verifies the address of the owner of a wallet that exists; gives the owner, and whether that changed anything.

    Raises InvalidProfile, InvalidInput, OwnWallet, WalletClosed, NoEmail, NotTheirEmail, ServiceBusy.
    """
    email, reason = email_address(raw_email), parse_reason(raw_reason)
    operator.require_no_interest(wallet_id, field="customer")
    act_id = uuids.uuid7()
    act = Act(act_id, operator, Action.VERIFY_EMAIL, reason, wallet_id=wallet_id)

    async def unit() -> tuple[User, bool]:
        async with database.write() as session:
            owner = await customers.owner(session, wallet_id)
            # Before the user's row: everybody takes these two locks in this order.
            await verification.lock(session, Contact.EMAIL, owner.id)
            user = await customers.lock(session, wallet_id)
            if user.email is None:
                raise NoEmail
            if user.email.lower() != email.lower():
                raise NotTheirEmail
            if user.email_verified:
                return user, await acts.is_recorded(session, act_id)
            # Before the verification: the audit knows by the two times that the act changed something.
            await acts.record(session, (act,))
            await verification.verify(session, Contact.EMAIL, user.id, user.email)
            return await customers.lock(session, wallet_id), True

    return await until_known(unit)
