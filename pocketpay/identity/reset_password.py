"""Setting a new password with the code, or the link, that was sent to a verified address. The link may also come from
a welcome mail (importing/welcome.py).

new password weak?             WEAK_PASSWORD, before anything is looked up
address over its rate?         RATE_LIMITED
code or link correct?          INVALID_CODE; the same statements run, with the same answer, for an unknown user
locked out?                    a Refusal; identity does not know the reason (services.LockOut)
password like the user's name? WEAK_PASSWORD, only after a correct code or link
one unit of work               uses the code, ends the user's other codes, stores the new hash, ends all sessions,
                               sends a notice, and makes the client's address a known one (throttle.py)

A code is used only when the password is set. Strangers who try wrong codes invalidate the code for its owner too.
This prevents guessing, and the link of the same mail stays valid.

Decision 32 gives the reasons.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.identity import logins, shown_code
from pocketpay.identity.errors import RateLimited
from pocketpay.identity.logins import Login
from pocketpay.identity.one_time_codes import Challenge, Purpose, challenge_id
from pocketpay.identity.passwords import require_strong
from pocketpay.identity.repository import challenges, people
from pocketpay.identity.repository.challenges import LiveChallenge
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sessions import end_all
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.throttle import remember_address
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import User

FIELD = "newPassword"

BY_CODE = (Purpose.RESET_PASSWORD,)
BY_LINK = (Purpose.RESET_PASSWORD, Purpose.FIRST_PASSWORD)
"""The purposes that a code, and a link, may have here: a welcome mail has only a link. All of these challenges end
when the password is set."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """The user whose password may be set, and the challenge that allows it."""

    user: User
    challenge: Challenge


async def reset_password(
    services: IdentityServices, raw_login: str | None, shown: ShownCode, new_password: str, *, address: str
) -> None:
    """Sets a new password and ends every session of its user. `raw_login` names the user of a code; a token names its
    user itself.

    Raises WeakPassword, RateLimited, InvalidCode, ServiceBusy, and a Refusal when the user is locked out.
    """
    require_strong(new_password, field=FIELD)
    login = None if raw_login is None else logins.read(raw_login)
    proof = await _proof(services, login, shown, address)
    if proof is None:
        raise shown.refusal
    user = proof.user
    require_strong(new_password, (user.username, user.name, user.email or ""), field=FIELD)
    new_hash = await services.passwords.hash(new_password)
    ended = await _set(services, proof, shown, new_hash, address)
    if ended is None:
        raise shown.refusal
    services.gate.evict(ended)


async def _proof(services: IdentityServices, login: Login | None, shown: ShownCode, address: str) -> _Proof | None:
    """Returns the user and challenge of a code or link, or None. Counts the try in the same unit of work, so that
    every answer writes."""

    async def unit() -> tuple[int | None, _Proof | None]:
        async with services.database.write() as session:
            wait = await services.throttle.reset_from(session, address)
            if wait is not None:
                return wait, None
            user, live = await _live(session, login, shown)
            found = await shown_code.match(session, services.codes, shown, live)
            if user is None or found is None:
                return None, None
            await services.require_unlocked(session, user.wallet_id)
            return None, _Proof(user, found)

    wait, proof = await until_known(unit)
    if wait is not None:
        raise RateLimited(wait)
    return proof


async def _live(session: Session, login: Login | None, shown: ShownCode) -> tuple[User | None, list[LiveChallenge]]:
    """Returns the user of a code or link, or None, and the user's challenges. The two reads are the same for every
    user and for an unknown one."""
    if shown.token is not None:
        user = await people.by_challenge(session, challenge_id(shown.token))
    else:
        found = None if login is None else await people.by_login(session, login)
        user = None if found is None else found.user
    verified = user is not None and user.email_verified
    live = await challenges.live(
        session,
        None if user is None or not verified else user.id,
        _purposes(shown),
        None if user is None else user.email,
    )
    return user, live


def _purposes(shown: ShownCode) -> tuple[Purpose, ...]:
    return BY_CODE if shown.token is None else BY_LINK


async def _set(
    services: IdentityServices, proof: _Proof, shown: ShownCode, new_hash: str, address: str
) -> list[UUID] | None:
    """Sets the password and returns the ids of the sessions that ended, or None when the code is no longer valid."""
    user, challenge = proof.user, proof.challenge

    async def unit() -> list[UUID] | None:
        async with services.database.write() as session:
            stored = await people.lock_hash(session, user.id)
            if stored == new_hash:
                return []  # an earlier try of this call committed, and its reply was lost
            now = await people.lock_user(session, user.id)
            if now is None or now.email is None or not now.email_verified:
                return None
            await services.require_unlocked(session, user.wallet_id)
            live = await challenges.live(session, user.id, _purposes(shown), now.email)
            if await shown_code.match(session, services.codes, shown, live) != challenge:
                return None
            await challenges.end_all(session, user.id, BY_LINK)
            await people.set_hash(session, user.id, new_hash)
            await remember_address(session, user.id, address)
            ended = await end_all(session, user.id)
            if (notice := services.mails.password_changed(challenge.id, now)) is not None:
                await services.outbox.put(session, notice)
            return ended

    return await until_known(unit)
