"""Signing up: creates a user, a wallet, a session and a welcome bonus from a form.

    rate limit of the network address      RATE_LIMITED
    each field: valid, and not taken       all errors at once
    welcome bonus                          by welcome.py: at sign-up only in development
    hash of the password
    one unit of work                       account, wallet, user, bonus with its two entries, session, known address

The account is written with the bonus already in its balance, and the entries follow in the same unit of work. The
database checks them like every other posting. After a lost connection the write is repeated with the same ids: if the
first write was committed, its user is found and returned.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.database import uuids
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
    """The result of a sign-up: an admission, or None with all refusals."""

    admission: Admission | None
    refusals: tuple[Refusal, ...] = ()


async def sign_up(
    services: IdentityServices, settings: Settings, raw_form: Form, *, address: str, user_agent: str | None
) -> SignedUp:
    """Signs a new person up, or returns all refusals of the form. Raises RateLimited and ServiceBusy."""
    await services.throttle.sign_up_from(address)
    person, refusals = form.read(raw_form, settings.served_currencies)
    refusals += await _taken_fields(services, person.username, person.email, person.phone)
    if refusals or person.username is None or person.name is None:
        return SignedUp(None, tuple(refusals))
    newcomer = Newcomer(
        user_id=uuids.uuid7(),
        wallet_id=uuids.uuid7(),
        username=person.username,
        name=person.name,
        email=person.email,
        phone=person.phone,
        password_hash=await services.passwords.hash(raw_form.password, requester=Requester.NEWCOMER),
        bonus=welcome.at_sign_up(settings, raw_form.currency),
        bonus_id=uuids.uuid7(),
        entry_ids=(uuids.uuid7(), uuids.uuid7()),
    )
    return await _create(services, newcomer, address, names.user_agent(user_agent))


async def _create(services: IdentityServices, newcomer: Newcomer, address: str, user_agent: str | None) -> SignedUp:
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
        assert expires_at is not None, "a new account is not closed"  # noqa: S101
        return SignedUp(services.admit(user, viewer, refresh_token, expires_at))

    try:
        return await until_known(unit)
    except AlreadyExists:
        refusals = await _taken_fields(
            services, newcomer.username, newcomer.email, newcomer.phone, other_than=viewer.user_id
        )
    # No field is taken by another user: an earlier attempt of ours was committed while this one waited for its lock.
    return SignedUp(None, tuple(refusals)) if refusals else await until_known(unit)


async def _taken_fields(
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
