"""Signing in: opens a session for a login and a password.

address over its rate?   RATE_LIMITED
find the user            by a username with or without "@", an email address or a phone number; there may be none
                         (logins.py)
must wait?               RATE_LIMITED; a known address has its own budget, all others take turns (throttle.py)
password correct?        INVALID_CREDENTIALS; an unknown user gets the same answer after the same time
locked out?              a Refusal, only after the correct password (services.LockOut)
session                  in one unit of work, which also replaces an imported or outdated hash
"""

from uuid import UUID

from pocketpay.database import uuids
from pocketpay.identity import logins, names, proof
from pocketpay.identity.errors import InvalidCredentials
from pocketpay.identity.imported_hashes import HashesLeft
from pocketpay.identity.logins import Login
from pocketpay.identity.passwords import Verdict
from pocketpay.identity.repository import people
from pocketpay.identity.repository.people import Credentials
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sessions import open_session
from pocketpay.identity.until_known import until_known
from pocketpay.identity.viewer import Viewer


async def sign_in(
    services: IdentityServices, raw_login: str, password: str, *, address: str, user_agent: str | None
) -> Admission:
    """Opens a session for the user with this login and password.

    Raises RateLimited, InvalidCredentials, ServiceBusy when too many passwords are being checked, or a Refusal when
    the user is locked out.
    """
    await services.throttle.sign_in_from(address)

    login = logins.read(raw_login)

    async def attempt() -> Admission:
        found, left = await _find(services, login)
        user_id = found.user.id if found else None
        async with services.throttle.sign_in(login, user_id, address) as tried:
            stored = found.password_hash if found else None
            verdict = await services.passwords.verify(stored, password, left=left, requester=tried.requester)
            tried.succeeded = verdict.matches
        if found is None or not verdict.matches:
            raise InvalidCredentials
        return await _admitted(services, found, verdict, user_agent)

    return await proof.retry_when_replaced(attempt)


async def _find(services: IdentityServices, login: Login) -> tuple[Credentials | None, HashesLeft]:
    """Returns the user of a login, or None, and the kinds of imported hashes that are left.

    The two reads are the same for every login, so that the time does not reveal whether the user exists.
    """
    async with services.database.read() as session:
        return await people.by_login(session, login), await people.hashes_left(session)


async def _admitted(
    services: IdentityServices, found: Credentials, verdict: Verdict, user_agent: str | None
) -> Admission:
    user = found.user
    session_id: UUID = uuids.uuid7()
    viewer = Viewer(user.id, user.wallet_id, session_id)
    refresh_token = services.refresh_tokens.first()
    hashes = [one for one in (found.password_hash, verdict.rehashed) if one is not None]

    async def unit() -> Admission:
        async with services.database.write() as session:
            # A password that was changed during its verification opens no session: the change ended all sessions.
            if not await proof.is_current(session, user.id, *hashes):
                raise InvalidCredentials
            await services.require_unlocked(session, user.wallet_id)
            expires_at = await open_session(
                session,
                viewer,
                token_hash=services.refresh_tokens.hash_of(refresh_token),
                user_agent=names.user_agent(user_agent),
                lifetime=services.lifetime,
            )
            if expires_at is None:
                raise InvalidCredentials
            if verdict.rehashed is not None:
                await people.renew_hash(session, user.id, old=found.password_hash, new=verdict.rehashed)
        return services.admit(user, viewer, refresh_token, expires_at)

    return await until_known(unit)
