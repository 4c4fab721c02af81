"""How an operator marks the email address of a customer as verified.

    checks   not the operator's own wallet; not closed; the customer has an address; it is the given one; it is not
             verified yet
    then     the address is verified and the act is recorded, in one unit of work

The action has the effect of the customer's own verification (decision record 31): if another user had verified the
address, it is no longer verified for that user. It pays no welcome bonus. The operator types the address, so that no
other address is verified by mistake. The record does not contain the address: acts are never deleted, and no personal
data is kept of a customer whose account is closed.
"""

from uuid import UUID

from pocketpay.database import uuids
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
    """Verifies the address of the owner of a wallet, which must exist. Returns the owner, and whether it changed.

    Raises InvalidProfile, InvalidInput, OwnWallet, WalletClosed, NoEmail, NotTheirEmail, ServiceBusy.
    """
    email, reason = email_address(raw_email), parse_reason(raw_reason)
    operator.require_not_own_wallet(wallet_id, field="customer")
    act_id = uuids.uuid7()
    act = Act(act_id, operator, Action.VERIFY_EMAIL, reason, wallet_id=wallet_id)

    async def unit() -> tuple[User, bool]:
        async with database.write() as session:
            owner = await customers.owner(session, wallet_id)
            # Before the lock of the user's row: all code takes these two locks in this order.
            await verification.lock(session, Contact.EMAIL, owner.id)
            user = await customers.lock(session, wallet_id)
            if user.email is None:
                raise NoEmail
            if user.email.lower() != email.lower():
                raise NotTheirEmail
            if user.email_verified:
                return user, await acts.is_recorded(session, act_id)
            # Before the verification: the audit compares the two times to prove that the act changed something.
            await acts.record(session, (act,))
            await verification.verify(session, Contact.EMAIL, user.id, user.email)
            return await customers.lock(session, wallet_id), True

    return await until_known(unit)
