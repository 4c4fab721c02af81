"""Requesting a code that verifies an email address.

mail off?             MAIL_UNAVAILABLE
no address?           INVALID_INPUT
verified already?     nothing is sent
too many mails?       RATE_LIMITED: five an hour for the user, and by turns for all who have mail sent to that address
locked out?           a Refusal; why, is not known here (reception.LockOut)
one unit of work      the challenge, the end of those before it, and the mail

Anybody may say that an address is theirs, so many accounts could have mail sent to one stranger. They take turns like
strangers at sign-in (throttle.py): the owner of the address has a turn too, whatever the others do.
"""

import uuid_utils.compat as uuids

from pocketpay.identity.errors import EmailMissing, MailUnavailable, Unauthenticated
from pocketpay.identity.mails import CODE_LIFETIME
from pocketpay.identity.one_time_codes import Challenge, Purpose
from pocketpay.identity.reception import Reception
from pocketpay.identity.repository import challenges, people
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer
from pocketpay.mail.mail import Kind


async def request_email_verification(reception: Reception, viewer: Viewer, *, address: str) -> Changed:
    """Sends a code to the viewer's address, unless it is verified already. Gives the viewer as they are.

    Raises MailUnavailable, EmailMissing, RateLimited, ServiceBusy, Unauthenticated when they have left meanwhile, and
    a Refusal when they are locked out.
    """
    if not reception.outbox.is_on:
        raise MailUnavailable
    found = await reception.database.query(people.by_id, viewer.user_id)
    if found is None:
        raise Unauthenticated
    user = found.user
    if user.email is None:
        raise EmailMissing
    if user.email_verified:
        return Changed(user)
    challenge = Challenge(uuids.uuid7(), Purpose.VERIFY_EMAIL, user.id, user.email)
    mail = reception.mails.with_code(
        Kind.VERIFY_EMAIL, challenge, username=user.username, lifetime=CODE_LIFETIME[Kind.VERIFY_EMAIL]
    )

    async def unit() -> None:
        async with reception.database.write() as session:
            if not await people.lock_open(session, user.id):
                raise Unauthenticated
            await reception.require_unlocked(session, user.wallet_id)
            await challenges.replace_others(session, challenge)
            await challenges.add(session, challenge, mail.lifetime)
            await reception.outbox.put(session, mail)

    await reception.throttle.verification_of(user.id)
    async with reception.throttle.mail_to(user.email, address):
        await until_known(unit)
    return Changed(user)
