"""Requesting a code that sets a new password, for a user who forgot their password or never had one.

mail off?                    MAIL_UNAVAILABLE
address over its rate?       RATE_LIMITED
the answer is sent; then
    find the user            there may be none
    address verified?        otherwise nothing is sent: the address may belong to a stranger
    enough mails sent?       nothing more is sent: the last codes are still valid for 15 minutes
    one unit of work         adds the challenge and the mail

The answer is sent before any user is looked up, so neither its content nor its time reveals who has an account.
A stranger's requests can reach the limit of a login, but then its owner already has a valid code in the mailbox.

Decision 32 gives the reasons.
"""

from datetime import timedelta
from uuid import UUID

from pocketpay.database import uuids
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
MAX_IN_WINDOW = 2
"""Mails to one user. The window is half as long as a code is valid, so a user at the limit has codes that are valid
for at least as long again."""


async def request_password_reset(services: IdentityServices, raw_login: str, *, address: str) -> None:
    """Schedules the mail with a code for the user with this login, and returns before the user is looked up.

    Raises MailUnavailable, RateLimited and ServiceBusy.
    """
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
    """Mails a code to the user's verified address, in a unit of work that has locked the user's row.

    Returns None when the mail is queued. When the user has got enough mails, queues nothing and returns the seconds
    until the next mail is possible. Idempotent for the same `challenge_id`.
    """
    assert user.email is not None  # noqa: S101 - it is verified
    challenge = Challenge(challenge_id, Purpose.RESET_PASSWORD, user.id, user.email)
    wait = await challenges.wait(session, challenge, limit=MAX_IN_WINDOW, window=WINDOW)
    if wait is None:
        mail = IdentityMails.with_code(Kind.RESET_PASSWORD, challenge, username=user.username)
        await challenges.add(session, challenge, mail.lifetime)
        await outbox.put(session, mail)
    return wait
