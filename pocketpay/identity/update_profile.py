"""Updating the viewer's own profile: name, email address, phone number, picture.

locked out?                   a Refusal; identity does not know the reason (services.LockOut)
every field valid?            INVALID_INPUT for each invalid field; the current name is always valid
email or phone given?         then the password is required
    user must wait?           RATE_LIMITED; the budget of signed-in users
    password correct?         INVALID_CREDENTIALS
    too many changes?         RATE_LIMITED, before looking up whether the address or the number is free
    address, number free?     EMAIL_TAKEN, PHONE_TAKEN; only after the correct password
one unit of work              all changes or none; when a verified address or number is replaced, a notice is sent to
                              the old one

Every change of an address or a number is counted, also a refused one, so that nobody can look up thousands of people
this way. A taken address or number counts as a wrong password too.
"""

from uuid import UUID

from pocketpay.database import uuids
from pocketpay.errors import Refusal
from pocketpay.identity import names, proof
from pocketpay.identity.changes import Changes, TypedChanges, Unchanged, read
from pocketpay.identity.errors import TAKEN, Unauthenticated, WrongPassword
from pocketpay.identity.repository import people
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import Changed
from pocketpay.identity.viewer import Viewer


async def update_profile(services: IdentityServices, viewer: Viewer, typed: TypedChanges, *, address: str) -> Changed:
    """Returns the changed user, or every refusal; with refusals nothing has changed.

    Raises RateLimited, ServiceBusy, Unauthenticated when the viewer's account was closed meanwhile, and a Refusal
    when the viewer is locked out.
    """
    changes, refusals = read(typed)
    if any(refusal.field == "name" for refusal in refusals) and await _keeps_name(services, viewer, typed):
        refusals = [refusal for refusal in refusals if refusal.field != "name"]
    if typed.needs_password and typed.current_password is None:
        refusals.append(WrongPassword())
    elif typed.needs_password:
        password = typed.current_password or ""
        return await proof.retry_when_replaced(
            lambda: _with_password(services, viewer, changes, [*refusals], password, address)
        )
    return Changed(None, tuple(refusals)) if refusals else await _changed(services, viewer, changes)


async def _keeps_name(services: IdentityServices, viewer: Viewer, typed: TypedChanges) -> bool:
    """Whether the given name is the current one: an app may send every field of its form."""
    if not isinstance(typed.raw_name, str):
        return False
    found = await services.database.query(people.users, [viewer.user_id])
    return viewer.user_id in found and found[viewer.user_id].name in (
        typed.raw_name,
        names.normalized(typed.raw_name),
    )


async def _with_password(
    services: IdentityServices,
    viewer: Viewer,
    changes: Changes,
    refusals: list[Refusal],
    password: str,
    address: str,
) -> Changed:
    found = await proof.credentials(services, viewer)
    async with services.throttle.signed_in(viewer.user_id, address) as tried:
        verdict = await services.passwords.verify(found.password_hash, password)
        taken: list[Refusal] = []
        if verdict.matches:
            await services.throttle.contact_change_of(viewer.user_id)
            taken = await _taken(services, viewer, changes)
        refusals += taken if verdict.matches else [WrongPassword()]
        changed = (
            Changed(None, tuple(refusals))
            if refusals
            else await _changed(services, viewer, changes, proven=found.password_hash)
        )
        tried.succeeded = verdict.matches and not taken
    return changed


async def _changed(
    services: IdentityServices, viewer: Viewer, changes: Changes, *, proven: str | None = None
) -> Changed:
    """Runs the unit of work. `proven` is the hash that the password was verified against, if one was required."""
    change_id: UUID = uuids.uuid7()

    async def unit() -> Changed:
        async with services.database.write() as session:
            if proven is not None and not await proof.is_current(session, viewer.user_id, proven):
                raise Unauthenticated
            await services.require_unlocked(session, viewer.wallet_id)
            before = None if proven is None else await people.lock_user(session, viewer.user_id)
            user = await people.change(session, viewer.user_id, changes)
            if user is not None and before is not None:
                if before.email_verified and not user.email_verified:
                    await services.outbox.put(session, services.mails.email_changed(change_id, before))
                if before.phone_verified and not user.phone_verified:
                    await services.text_outbox.put(session, services.mails.phone_changed(change_id, before))
        if user is None:
            raise Unauthenticated
        return Changed(user)

    return await until_known(unit)


async def _taken(services: IdentityServices, viewer: Viewer, changes: Changes) -> list[Refusal]:
    email = None if isinstance(changes.email, Unchanged) else changes.email
    phone = None if isinstance(changes.phone, Unchanged) else changes.phone
    async with services.database.read() as session:
        fields = await people.taken(session, username=None, email=email, phone=phone, other_than=viewer.user_id)
    return [refusal() for field, refusal in TAKEN.items() if field in fields]
