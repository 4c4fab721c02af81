"""The mails and text messages of identity: what is put into the outbox, and what is added at sending.

A row of the outbox holds the id of a challenge. The code and the link are derived from it when the mail is sent.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pocketpay.identity.one_time_codes import Challenge, OneTimeCodes, Purpose
from pocketpay.identity.user import User
from pocketpay.mail.mail import TEXT_MESSAGES, ClaimedMail, Kind, Mail

CODE_LIFETIME = {
    Kind.VERIFY_EMAIL: timedelta(minutes=15),
    Kind.RESET_PASSWORD: timedelta(minutes=30),
    Kind.VERIFY_PHONE: timedelta(minutes=10),
}
"""How long a code is valid, and so how long the server tries to send its message."""

NOTICE_LIFETIME = timedelta(days=3)
"""How long the server tries to send a notice."""

WELCOME_LIFETIME = timedelta(days=7)
"""How long a link that sets a first password is valid, from the time its mail is due."""

PURPOSES = {
    Kind.VERIFY_EMAIL: Purpose.VERIFY_EMAIL,
    Kind.RESET_PASSWORD: Purpose.RESET_PASSWORD,
    Kind.WELCOME: Purpose.FIRST_PASSWORD,
    Kind.VERIFY_PHONE: Purpose.VERIFY_PHONE,
}
"""The kinds of messages with a code or a link, and its purpose."""

PATHS = {
    Kind.VERIFY_EMAIL: "/verify-email",
    Kind.RESET_PASSWORD: "/reset-password",
    Kind.WELCOME: "/reset-password",
}
"""The path of the link in the app; text messages have no link. The token follows "#", which browsers do not send to
any server, so it is in no log."""


class IdentityMails:
    """Makes and completes messages. `app_url` is the base URL of links; when it is None, mails have no links."""

    def __init__(self, codes: OneTimeCodes, app_url: str | None) -> None:
        self._codes, self._app_url = codes, app_url

    @staticmethod
    def with_code(kind: Kind, challenge: Challenge, *, username: str) -> Mail:
        """Returns the message with the challenge's code."""
        return Mail(
            user_id=challenge.user_id,
            event=f"challenge {challenge.id.hex}",
            recipient=challenge.address,
            kind=kind,
            lifetime=CODE_LIFETIME[kind],
            facts={"challenge": challenge.id.hex, "username": username},
        )

    def email_changed(self, change_id: UUID, before: User) -> Mail:
        """Returns the notice to a user's old, verified address that it was replaced."""
        assert before.email is not None  # noqa: S101 - it is verified
        return self._notice(Kind.EMAIL_CHANGED, change_id, before, before.email)

    def phone_changed(self, change_id: UUID, before: User) -> Mail:
        """Returns the notice to a user's old, verified number that it was replaced."""
        assert before.phone is not None  # noqa: S101 - it is verified
        return self._notice(Kind.PHONE_CHANGED, change_id, before, before.phone)

    def password_changed(self, change_id: UUID, user: User) -> Mail | None:
        """Returns the notice that a password was changed, or None for a user without a verified address."""
        if user.email is None or not user.email_verified:
            return None
        return self._notice(Kind.PASSWORD_CHANGED, change_id, user, user.email)

    def _notice(self, kind: Kind, change_id: UUID, user: User, recipient: str) -> Mail:
        return Mail(
            user_id=user.id,
            event=f"{kind} {change_id.hex}",
            recipient=recipient,
            kind=kind,
            lifetime=NOTICE_LIFETIME,
            facts={"username": user.username},
        )

    def complete(self, mail: ClaimedMail) -> Mapping[str, object]:
        """Returns the code and the link of a message, which its row does not hold; an empty mapping for a notice."""
        purpose = PURPOSES.get(mail.kind)
        if purpose is None:
            return {}
        challenge = Challenge(UUID(mail.facts["challenge"]), purpose, mail.user_id, mail.recipient)
        link = None
        if self._app_url is not None and mail.kind in PATHS:
            link = f"{self._app_url}{PATHS[mail.kind]}#token={self._codes.token(challenge)}"
        if mail.kind not in CODE_LIFETIME:
            return {"link": link}
        code = self._codes.code(challenge)
        left = mail.created_at + CODE_LIFETIME[mail.kind] - datetime.now(UTC)
        minutes = max(1, round(left / timedelta(minutes=1)))
        # Phones fill in the code of a text message, and recognise only digits without a space.
        shown = code if mail.kind in TEXT_MESSAGES else f"{code[:4]} {code[4:]}"
        return {"code": shown, "link": link, "minutes": minutes}


def welcome(challenge: Challenge, *, username: str, delay: timedelta, now: datetime) -> Mail:
    """Returns the mail that asks an imported user without a password to set one. It is due after `delay`."""
    return Mail(
        user_id=challenge.user_id,
        event="welcome",
        recipient=challenge.address,
        kind=Kind.WELCOME,
        lifetime=WELCOME_LIFETIME,
        facts={
            "challenge": challenge.id.hex,
            "username": username,
            "until": f"{now + delay + WELCOME_LIFETIME:%Y-%m-%d}",
        },
        delay=delay,
    )
