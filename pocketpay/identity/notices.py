"""The mails that tell a user of a change of their account, so that they notice one that was not theirs.

    the password was changed    to the user's address
    the address was changed     to the address that they had before

Each is put into the outbox in the unit of work of the change. Whoever has no address is told nothing.
"""

from datetime import timedelta

import uuid_utils.compat as uuids

from pocketpay.identity.user import User
from pocketpay.mail.mail import Kind, Mail, masked

LIFETIME = timedelta(days=2)
"""An older notice would only confuse."""


def password_changed(user: User) -> Mail | None:
    """The notice to a user whose password was changed."""
    if user.email is None:
        return None
    return _mail(user, Kind.PASSWORD_CHANGED, user.email, {})


def email_changed(before: User, after: User) -> Mail | None:
    """The notice to the address that a user had before; None when it is still theirs."""
    if before.email is None or before.email == after.email:
        return None
    now = "none" if after.email is None else masked(after.email)
    return _mail(before, Kind.EMAIL_CHANGED, before.email, {"now": now})


def _mail(user: User, kind: Kind, recipient: str, facts: dict[str, str]) -> Mail:
    event = f"{kind} {uuids.uuid7().hex}"
    return Mail(user.id, event, recipient, kind, LIFETIME, {"username": user.username, **facts})
