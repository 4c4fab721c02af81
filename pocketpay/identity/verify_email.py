"""Verifying an email address by the code, or the link, that was sent to it.

locked out?              a Refusal; why, is not known here (reception.LockOut)
verified already?        nothing changes
code, or link, right?    INVALID_CODE: wrong, used, expired, of an earlier address, or after too many wrong codes
one unit of work         the challenge is used, the address is the viewer's and verified for nobody else

An address belongs to whoever verified it last. All who verify one address take turns, by a lock of the database.

Decision 31 gives the reasons.
"""

from pocketpay.identity import shown_code
from pocketpay.identity.errors import Unauthenticated
from pocketpay.identity.one_time_codes import Purpose
from pocketpay.identity.reception import Reception
from pocketpay.identity.repository import challenges, people
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer


async def verify_email(reception: Reception, viewer: Viewer, what: ShownCode) -> Changed:
    """Gives the viewer with a verified address. Raises InvalidCode, ServiceBusy, Unauthenticated when they have left
    meanwhile, and a Refusal when they are locked out."""

    async def unit() -> Changed | None:
        async with reception.database.write() as session:
            # Before the user's row: everybody takes these two locks in this order.
            await people.lock_address_of(session, viewer.user_id)
            user = await people.lock_user(session, viewer.user_id)
            if user is None:
                raise Unauthenticated
            await reception.require_unlocked(session, viewer.wallet_id)
            if user.email_verified:
                return Changed(user)
            if user.email is None:
                return None
            live = await challenges.live(session, user.id, [Purpose.VERIFY_EMAIL], user.email)
            if await shown_code.redeem(session, reception.codes, what, live) is None:
                return None
            return Changed(await people.verify_email(session, user.id, user.email))

    changed = await until_known(unit)
    if changed is None:
        raise what.refusal
    return changed
