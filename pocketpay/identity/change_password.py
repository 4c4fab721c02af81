"""Changing a password: checks the current one, stores a new one, and ends every other session.

locked out?              a Refusal; identity does not know the reason (services.LockOut)
user must wait?          RATE_LIMITED; the budget of signed-in users, which no stranger can use up (throttle.py)
current one correct?     INVALID_CREDENTIALS
new one strong?          WEAK_PASSWORD; both refusals can be returned together
one unit of work         stores the new hash, ends all sessions except this one, notifies every server, and puts a
                         notice to the user into the outbox (mails.py)

A sign-in with the old password at the same time either comes first, and its session is ended, or finds the password
replaced: both lock the user's row (`proof.is_current`).
"""

from uuid import UUID

from pocketpay.database import uuids
from pocketpay.errors import Refusal
from pocketpay.identity import proof
from pocketpay.identity.errors import Unauthenticated, WeakPassword, WrongPassword
from pocketpay.identity.passwords import weakness
from pocketpay.identity.repository import people
from pocketpay.identity.repository.people import Credentials
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sessions import end_others
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import Changed, User
from pocketpay.identity.viewer import Viewer


async def change_password(
    services: IdentityServices, viewer: Viewer, current_password: str, new_password: str, *, address: str
) -> Changed:
    """Sets the new password and returns the user, or returns every refusal.

    Raises RateLimited, ServiceBusy, Unauthenticated when this session ends meanwhile, and a Refusal when the user is
    locked out.
    """

    async def attempt() -> Changed:
        found = await proof.credentials(services, viewer)
        user = found.user
        about = (user.username, user.name, user.email or "")
        weak = weakness(new_password, about)
        new_hash = ""
        async with services.throttle.signed_in(user.id, address) as tried:
            verdict = await services.passwords.verify(found.password_hash, current_password)
            if weak is None:
                # Before the verdict is used, so that a wrong password takes as long as a correct one.
                new_hash = await services.passwords.hash(new_password)
            tried.succeeded = verdict.matches
        refusals: list[Refusal] = [] if verdict.matches else [WrongPassword()]
        if weak is not None:
            refusals.append(WeakPassword(weak, "newPassword"))
        return Changed(None, tuple(refusals)) if refusals else await _changed(services, viewer, found, new_hash)

    return await proof.retry_when_replaced(attempt)


async def _changed(services: IdentityServices, viewer: Viewer, found: Credentials, new_hash: str) -> Changed:
    change_id = uuids.uuid7()

    async def unit() -> tuple[User, list[UUID]]:
        async with services.database.write() as session:
            if not await proof.is_current(session, viewer.user_id, found.password_hash, new_hash):
                raise Unauthenticated
            await services.require_unlocked(session, viewer.wallet_id)
            ended = await end_others(session, viewer)
            await people.set_hash(session, viewer.user_id, new_hash)
            user = (await people.users(session, [viewer.user_id]))[viewer.user_id]
            if (notice := services.mails.password_changed(change_id, user)) is not None:
                await services.outbox.put(session, notice)
        return user, ended

    user, ended = await until_known(unit)
    # The signal does the same, but later; the tokens must stop working before the answer is sent.
    services.gate.evict(ended)
    return Changed(user)
