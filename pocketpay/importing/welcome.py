"""Welcome mails: each user who was imported without a password, now or earlier, gets one mail with a link to set one.

Mails are sent only to verified addresses. One unit of work records the welcome mail and adds the challenge and the
mail, so an interrupted run can continue with the other users. The mails are due one after another, at the rate that
the operator chooses, after the waiting mails of earlier runs. The servers send them.

Decision 35 gives the reasons.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pocketpay.database import uuids
from pocketpay.database.sessions import Connection, Database
from pocketpay.identity import mails
from pocketpay.identity.one_time_codes import Challenge, Purpose
from pocketpay.identity.repository import challenges
from pocketpay.identity.until_known import until_known
from pocketpay.importing.repository import welcomes
from pocketpay.importing.repository.welcomes import Newcomer
from pocketpay.mail.mail import Kind
from pocketpay.mail.outbox import Outbox
from pocketpay.settings import Settings, SettingsError

PEOPLE_AT_ONCE = 100
"""In one unit of work. Each needs two statements; together they take about 100 ms."""


@dataclass(frozen=True, slots=True)
class Welcomed:
    """How many mails were put into the outbox, and when the last one is due (None when there are none)."""

    mails: int
    last_due_at: datetime | None


def require_mail(settings: Settings) -> None:
    """Raises SettingsError when welcome mails could not be sent, or would have no link."""
    if not settings.mail_is_on:
        raise SettingsError("--welcome-mail needs a server that sends mail: set SMTP_HOST (docs/mail.md).")
    if settings.app_url is None:
        raise SettingsError("--welcome-mail needs PUBLIC_URL: the link to a first password starts with it.")


async def welcome(connection: Connection, database: Database, outbox: Outbox, *, per_hour: int) -> Welcomed:
    """Puts the mails into the outbox. Raises ServiceBusy; run it again then."""
    pause = timedelta(hours=1) / per_hour
    async with database.write() as session:
        waiting = await outbox.last_due(session, Kind.WELCOME)
    delay = timedelta(0) if waiting is None else max(timedelta(0), waiting + pause)
    number, last_due_at, after = 0, None, welcomes.START
    while page := await welcomes.next_newcomers(connection, after, PEOPLE_AT_ONCE):
        last_due_at = await _put(database, outbox, page, delay, pause)
        number, after, delay = number + len(page), page[-1].user_id, delay + len(page) * pause
    return Welcomed(number, last_due_at)


async def _put(
    database: Database, outbox: Outbox, page: list[Newcomer], delay: timedelta, pause: timedelta
) -> datetime:
    """Adds the mails of one page in one unit of work, and returns when the last of them is due."""
    due = [(one, _challenge(one), delay + place * pause) for place, one in enumerate(page)]

    async def unit() -> datetime:
        async with database.write() as session:
            new, now = await welcomes.mark(session, [one.user_id for one in page])
            for one, challenge, wait in due:
                if one.user_id in new:
                    mail = mails.welcome(challenge, username=one.username, delay=wait, now=now)
                    await challenges.add(session, challenge, wait + mail.lifetime)
                    await outbox.put(session, mail)
            return now + due[-1][2]

    return await until_known(unit)


def _challenge(one: Newcomer) -> Challenge:
    return Challenge(uuids.uuid7(), Purpose.FIRST_PASSWORD, one.user_id, one.email)
