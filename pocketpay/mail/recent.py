"""The newest mails of the outbox with their codes and links, for the explorer in development. Never in production."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Database
from pocketpay.mail import repository
from pocketpay.mail.mail import TEXT_MESSAGES, ClaimedMail, Kind
from pocketpay.mail.texts import short_text_of, text_of

MAX_SHOWN = 10
"""How many mails are shown. A developer who tries verification or recovery needs the last one or two."""


@dataclass(frozen=True, slots=True)
class RecentMail:
    """A mail as its receiver sees it. `text` is the subject of an email, or the whole text of a text message."""

    id: UUID
    kind: Kind
    recipient: str
    text: str = field(repr=False)
    code: str | None = field(repr=False)
    link: str | None = field(repr=False)
    created_at: datetime


async def recent(
    database: Database, kinds: Collection[Kind], complete: Callable[[ClaimedMail], Mapping[str, object]]
) -> list[RecentMail]:
    """Returns the newest mails of these kinds, newest first, sent or not. `complete` adds their codes and links."""
    mails = await database.query(repository.newest, kinds, limit=MAX_SHOWN)
    return [_as_received(mail, complete(mail)) for mail in mails]


def _as_received(mail: ClaimedMail, added: Mapping[str, object]) -> RecentMail:
    facts = {**mail.facts, **added}
    text = short_text_of(mail.kind, facts) if mail.kind in TEXT_MESSAGES else text_of(mail.kind, facts).subject
    code, link = (added.get(name) for name in ("code", "link"))
    return RecentMail(
        id=mail.id,
        kind=mail.kind,
        recipient=mail.recipient,
        text=text,
        code=None if code is None else str(code),
        link=None if link is None else str(link),
        created_at=mail.created_at,
    )
