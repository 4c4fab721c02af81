"""How an operator helps a customer who cannot sign in: sends them the mail of a password reset.

    checks   mail is on; not the operator's own wallet; not closed; not frozen for all payments;
             email address verified; limit of mails not reached
    then     the code, the mail and the record of the act, in one unit of work

Only the mail contains the code and the link: an operator never sees them. `resetPassword` accepts them like those of
`requestPasswordReset`. The limit of mails is also the same (identity/request_password_reset.py), so that operators
cannot create more valid codes to guess than a stranger could. Decision 34 gives the reasons.
"""

from uuid import UUID

from pocketpay.database import uuids
from pocketpay.database.sessions import Database
from pocketpay.identity.errors import MailUnavailable, RateLimited
from pocketpay.identity.request_password_reset import send_code
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import User
from pocketpay.mail.outbox import Outbox
from pocketpay.operations import customers
from pocketpay.operations.errors import CustomerFrozen, EmailNotVerified
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.operator_log.repository import acts
from pocketpay.payments.parsing import parse_reason
from pocketpay.wallets import repository as wallets


async def begin_recovery(
    database: Database, outbox: Outbox, operator: Operator, wallet_id: UUID, *, raw_reason: str
) -> User:
    """Mails a code to the owner of a wallet, which must exist. Returns the owner.

    Raises MailUnavailable, InvalidInput, OwnWallet, WalletClosed, CustomerFrozen, EmailNotVerified, RateLimited,
    ServiceBusy.
    """
    if not outbox.is_on:
        raise MailUnavailable
    reason = parse_reason(raw_reason)
    operator.require_not_own_wallet(wallet_id, field="customer")
    act_id, challenge_id = uuids.uuid7(), uuids.uuid7()
    facts = {"challenge": str(challenge_id)}
    act = Act(act_id, operator, Action.BEGIN_RECOVERY, reason, wallet_id=wallet_id, facts=facts)

    async def unit() -> User:
        async with database.write() as session:
            user = await customers.lock(session, wallet_id)
            if await acts.is_recorded(session, act_id):  # our first attempt, whose reply was lost
                return user
            if await wallets.is_frozen_for_all(session, wallet_id):
                raise CustomerFrozen
            if not user.email_verified:
                raise EmailNotVerified
            wait = await send_code(session, outbox, user, challenge_id)
            if wait is not None:
                raise RateLimited(wait)
            await acts.record(session, (act,))
            return user

    return await until_known(unit)
