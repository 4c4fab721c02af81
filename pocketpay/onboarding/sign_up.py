"""Signing up: a form becomes a user, a wallet, a session and a welcome bonus.

    address over its rate?                 RATE_LIMITED
    every field of the form: fit? free?    all that is wrong at once
    a welcome bonus?                       by welcome.py: in development only
    hash the password
    one unit of work: account, wallet, user, bonus with its two entries, session, and the address as a known one

The account is written with the bonus already in its balance, the entries right after it, in the same unit: the books'
guard checks them like any other posting. After a lost connection the same ids are written again: what had committed
is found to be ours, and is the answer.
"""

from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.errors import Refusal
from pocketpay.identity import names
from pocketpay.identity.errors import TAKEN, AlreadyExists
from pocketpay.identity.passwords import Requester
from pocketpay.identity.repository import people
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sessions import open_session
from pocketpay.identity.throttle import remember_address
from pocketpay.identity.until_known import until_known
from pocketpay.identity.viewer import Viewer
from pocketpay.onboarding import form, welcome
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.repository import people as newcomers
from pocketpay.onboarding.repository.people import Newcomer
from pocketpay.settings import Settings


@dataclass(frozen=True, slots=True)
class SignedUp:
    """Either somebody was let in, or all that keeps them out."""

    admission: Admission | None
    refusals: tuple[Refusal, ...] = ()


async def sign_up(
    services: IdentityServices, settings: Settings, filled: Form, *, address: str, user_agent: str | None
) -> SignedUp:
    """Lets a new person in, or says all that is wrong with the form. Raises RateLimited and ServiceBusy."""
    await services.throttle.sign_up_from(address)
    person, refusals = form.read(filled, settings.served_currencies)
    refusals += await _taken(services, person.username, person.email, person.phone)
    if refusals or person.username is None or person.name is None:
        return SignedUp(None, tuple(refusals))
    newcomer = Newcomer(
        user_id=uuids.uuid7(),
        wallet_id=uuids.uuid7(),
        username=person.username,
        name=person.name,
        email=person.email,
        phone=person.phone,
        password_hash=await services.passwords.hash(filled.password, requester=Requester.NEWCOMER),
        bonus=welcome.at_sign_up(settings, filled.currency),
        bonus_id=uuids.uuid7(),
        entry_ids=(uuids.uuid7(), uuids.uuid7()),
    )
    return await _let_in(services, newcomer, address, names.user_agent(user_agent))


async def _let_in(services: IdentityServices, newcomer: Newcomer, address: str, user_agent: str | None) -> SignedUp:
    viewer = Viewer(newcomer.user_id, newcomer.wallet_id, uuids.uuid7())
    refresh_token = services.refresh_tokens.first()
    token_hash = services.refresh_tokens.hash_of(refresh_token)

    async def unit() -> SignedUp:
        async with services.database.write() as session:
            if not await people.lock_open(session, viewer.user_id):
                await newcomers.write(session, newcomer)
            await remember_address(session, viewer.user_id, address)
            expires_at = await open_session(
                session, viewer, token_hash=token_hash, user_agent=user_agent, lifetime=services.lifetime
            )
            user = (await people.users(session, [viewer.user_id]))[viewer.user_id]
        assert expires_at is not None, "nobody leaves before they have come"  # noqa: S101
        return SignedUp(services.admit(user, viewer, refresh_token, expires_at))

    try:
        return await until_known(unit)
    except AlreadyExists:
        refusals = await _taken(
            services, newcomer.username, newcomer.email, newcomer.phone, other_than=viewer.user_id
        )
    # Nothing is taken but by ourselves: an earlier try committed while this one waited for it.
    return SignedUp(None, tuple(refusals)) if refusals else await until_known(unit)


async def _taken(
    services: IdentityServices,
    username: str | None,
    email: str | None,
    phone: str | None,
    *,
    other_than: UUID | None = None,
) -> list[Refusal]:
    async with services.database.read() as session:
        fields = await people.taken(session, username=username, email=email, phone=phone, other_than=other_than)
    return [refusal() for field, refusal in TAKEN.items() if field in fields]
