"""Reads the outbox as recipients see it: the code and the link's token of each mail."""

from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from pocketpay.identity.services import IdentityServices
from pocketpay.mail.mail import ClaimedMail, Kind
from tests.people import Owner

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LAPSE = "update one_time_challenges set expires_at = clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Received:
    """A mail. `code` and `token` are empty when the mail has none."""

    to: str
    kind: str
    username: str
    code: str = ""
    token: str = ""


async def mailbox(services: IdentityServices, owner: Owner) -> list[Received]:
    """Returns all mails of the outbox, oldest first, with the code and token that are added when a mail is sent."""
    rows = await owner.fetch("select * from outgoing_mails order by created_at, id")
    received = []
    for row in rows:
        facts = orjson.loads(row["facts"])
        mail = ClaimedMail(
            row["id"], row["user_id"], row["recipient"], Kind(row["kind"]), facts, 1, LONG_AGO, LONG_AGO
        )
        more = services.mails.complete(mail)
        link = str(more.get("link") or "")
        received.append(
            Received(
                row["recipient"], row["kind"], facts["username"], str(more.get("code", "")), link.partition("=")[2]
            )
        )
    return received


async def last(services: IdentityServices, owner: Owner) -> Received:
    """Returns the newest mail."""
    return (await mailbox(services, owner))[-1]


def wrong(code: str) -> str:
    """Returns a code that differs from the given one."""
    return "".join(str((int(digit) + 1) % 10) for digit in code if digit.isdigit())
