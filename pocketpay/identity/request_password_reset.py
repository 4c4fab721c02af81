"""Requesting a code that sets a new password, for whoever forgot theirs or never had one.

mail off?                    MAIL_UNAVAILABLE
address over its rate?       RATE_LIMITED
that is the answer; after it
    who is meant?            perhaps nobody
    address verified?        else nothing is sent: it may be a stranger's
    mails enough?            nothing more is sent: the codes of the last ones are still valid for a quarter of an hour
    one unit of work         the challenge and the mail

Nothing has been looked up when the answer is given. So neither its words nor its time tell who has an account. No
login has a limit that strangers could use up: while they have mails sent, its owner has a valid code in the mailbox.

Decision 32 gives the reasons.
"""

from datetime import timedelta
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.database.sessions import Session
from pocketpay.identity import logins
from pocketpay.identity.errors import MailUnavailable
from pocketpay.identity.logins import Login
from pocketpay.identity.mails import IdentityMails
from pocketpay.identity.one_time_codes import Challenge, Purpose
from pocketpay.identity.repository import challenges, people
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import User
from pocketpay.mail.mail import Kind
from pocketpay.mail.outbox import Outbox

WINDOW = timedelta(minutes=15)
MOST_IN_WINDOW = 2
"""Mails to one user. The window is half as long as a code is valid: who is sent nothing more has codes that are valid
for as long again."""


async def request_password_reset(services: IdentityServices, raw_login: str, *, address: str) -> None:
    """Sends a code to whoever that login is, after this has returned. Raises MailUnavailable, RateLimited and
    ServiceBusy."""
    if not services.outbox.is_on:
        raise MailUnavailable
    await services.throttle.reset_request_from(address)
    login = logins.read(raw_login)
    services.afterwards.do(lambda: _send(services, login))


async def _send(services: IdentityServices, login: Login) -> None:
    found = await services.database.query(people.by_login, login)
    if found is None or not found.user.email_verified:
        return
    user_id, challenge_id = found.user.id, uuids.uuid7()

    async def unit() -> None:
        async with services.database.write() as session:
            user = await people.lock_user(session, user_id)
            if user is not None and user.email_verified:
                await send_code(session, services.outbox, user, challenge_id)

    await until_known(unit)


async def send_code(session: Session, outbox: Outbox, user: User, challenge_id: UUID) -> int | None:
    """Within a unit of work that holds the user's row: mails a code to their verified address, under that id.

    Gives None, or where they were sent enough the seconds until more may be sent: then nothing is.
    """
    assert user.email is not None  # noqa: S101 - it is verified
    challenge = Challenge(challenge_id, Purpose.RESET_PASSWORD, user.id, user.email)
    wait = await challenges.wait(session, challenge, most=MOST_IN_WINDOW, window=WINDOW)
    if wait is None:
        mail = IdentityMails.with_code(Kind.RESET_PASSWORD, challenge, username=user.username)
        await challenges.add(session, challenge, mail.lifetime)
        await outbox.put(session, mail)
    return wait
