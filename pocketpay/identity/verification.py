"""Verifying an email address or a phone number: a code is sent to it, and the user submits the code.

request     channel off?              MAIL_UNAVAILABLE, TEXT_MESSAGES_UNAVAILABLE
            user has none?            INVALID_INPUT
            verified already?         nothing is sent
            too many?                 RATE_LIMITED: five an hour for the user; and all users who request a code for
                                      the same address or number take turns
            locked out?               a Refusal; identity does not know the reason (services.LockOut)
            one unit of work          adds the challenge, ends the earlier ones, adds the mail or text message
verify      locked out?               a Refusal
            verified already?         nothing changes
            code or link correct?     INVALID_CODE: wrong, used, expired, sent to an earlier address or number, or
                                      after too many wrong codes
            one unit of work          uses the challenge, verifies the address or number for the viewer and for nobody
                                      else; for an address, services.on_verified_email is called

Any user may claim any address or number, so many accounts could request messages to one stranger. They take turns
like strangers at sign-in (throttle.py): the owner gets a turn too, whatever the others do.

An address or number belongs to the user who verified it last. Users who verify the same one take turns, by a lock in
the database.

Decision 31 gives the reasons for email addresses, decision 36 for phone numbers.
"""

from dataclasses import dataclass

from pocketpay.database import uuids
from pocketpay.errors import Refusal
from pocketpay.identity import shown_code
from pocketpay.identity.contacts import Contact
from pocketpay.identity.errors import (
    EmailMissing,
    MailUnavailable,
    PhoneMissing,
    TextMessagesUnavailable,
    Unauthenticated,
)
from pocketpay.identity.one_time_codes import Challenge, Purpose
from pocketpay.identity.repository import challenges, people, verification
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import Changed, User
from pocketpay.identity.viewer import Viewer
from pocketpay.mail.mail import Kind
from pocketpay.mail.outbox import Outbox


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """How to verify one kind of contact. `off` and `missing` are the refusals when no code can be sent."""

    contact: Contact
    purpose: Purpose
    kind: Kind
    off: type[Refusal]
    missing: type[Refusal]

    def outbox(self, services: IdentityServices) -> Outbox:
        return services.outbox if self.contact is Contact.EMAIL else services.text_outbox

    def address(self, user: User) -> str | None:
        """The user's address or number."""
        return user.email if self.contact is Contact.EMAIL else user.phone

    def is_verified(self, user: User) -> bool:
        return user.email_verified if self.contact is Contact.EMAIL else user.phone_verified


BY_EMAIL = VerificationMethod(Contact.EMAIL, Purpose.VERIFY_EMAIL, Kind.VERIFY_EMAIL, MailUnavailable, EmailMissing)
BY_PHONE = VerificationMethod(
    Contact.PHONE, Purpose.VERIFY_PHONE, Kind.VERIFY_PHONE, TextMessagesUnavailable, PhoneMissing
)


async def request(
    services: IdentityServices, viewer: Viewer, method: VerificationMethod, *, asked_from: str
) -> Changed:
    """Sends the viewer a code, unless the address or number is verified already. Returns the viewer.

    Raises `off` or `missing` of `method`, RateLimited, ServiceBusy, Unauthenticated when the viewer's account was
    closed meanwhile, and a Refusal when the viewer is locked out.
    """
    outbox = method.outbox(services)
    if not outbox.is_on:
        raise method.off
    found = await services.database.query(people.by_id, viewer.user_id)
    if found is None:
        raise Unauthenticated
    user = found.user
    address = method.address(user)
    if address is None:
        raise method.missing
    if method.is_verified(user):
        return Changed(user)
    challenge = Challenge(uuids.uuid7(), method.purpose, user.id, address)
    mail = services.mails.with_code(method.kind, challenge, username=user.username)

    async def unit() -> None:
        async with services.database.write() as session:
            if not await people.lock_open(session, user.id):
                raise Unauthenticated
            await services.require_unlocked(session, user.wallet_id)
            await challenges.replace_others(session, challenge)
            await challenges.add(session, challenge, mail.lifetime)
            await outbox.put(session, mail)

    await services.throttle.verification_of(user.id, method.contact)
    async with services.throttle.mail_to(address, asked_from):
        await until_known(unit)
    return Changed(user)


async def verify(services: IdentityServices, viewer: Viewer, method: VerificationMethod, shown: ShownCode) -> Changed:
    """Verifies the viewer's address or number with a submitted code, and returns the viewer.

    Raises InvalidCode, ServiceBusy, Unauthenticated when the viewer's account was closed meanwhile, and a Refusal
    when the viewer is locked out.
    """

    async def unit() -> Changed | None:
        async with services.database.write() as session:
            # Before the user's row: all callers take these two locks in this order.
            await verification.lock(session, method.contact, viewer.user_id)
            user = await people.lock_user(session, viewer.user_id)
            if user is None:
                raise Unauthenticated
            await services.require_unlocked(session, viewer.wallet_id)
            if method.is_verified(user):
                return Changed(user)
            address = method.address(user)
            if address is None:
                return None
            live = await challenges.live(session, user.id, [method.purpose], address)
            if await shown_code.redeem(session, services.codes, shown, live) is None:
                return None
            await verification.verify(session, method.contact, user.id, address)
            verified = await people.lock_user(session, user.id)
            if verified is not None and method.contact is Contact.EMAIL:
                await services.on_verified_email(session, verified)
            return Changed(verified)

    changed = await until_known(unit)
    if changed is None:
        raise shown.refusal
    return changed
