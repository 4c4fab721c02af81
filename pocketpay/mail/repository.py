"""The SQL of the outbox. All times come from PostgreSQL's clock."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import UUID

import orjson

from pocketpay.database import uuids
from pocketpay.database.sessions import Record, Session
from pocketpay.mail.mail import ClaimedMail, Kind, Mail

_PUT = """
insert into outgoing_mails
    (id, user_id, event, recipient, kind, facts, status, tries, created_at, due_at, expires_at)
select $1, $2, $3, $4, $5, $6::jsonb, 'waiting', 0, now, now + $8::interval, now + $8::interval + $7::interval
from (select clock_timestamp() as now) clock
on conflict (user_id, event) do nothing
"""
_CLAIM = """
with due as materialized (
    select id from outgoing_mails
    where status = 'waiting' and due_at <= (select clock_timestamp()) and expires_at > (select clock_timestamp())
      and kind = any($1::text[])
    order by due_at limit $2 for no key update skip locked)
update outgoing_mails m set tries = m.tries + 1, due_at = clock_timestamp() + $3::interval
from due where m.id = due.id
returning m.id, m.user_id, m.recipient, m.kind, m.facts, m.tries, m.created_at, m.due_at
"""
"""A clock in a subquery is evaluated once, so the index on due_at can be used."""

_NEWEST = """
select id, user_id, recipient, kind, facts, tries, created_at, due_at from outgoing_mails
where kind = any($1::text[]) order by id desc limit $2
"""
_SENT = """
update outgoing_mails set status = 'sent', failure = null, finished_at = clock_timestamp()
where id = $1 and status <> 'sent'
"""
_FAILED = """
update outgoing_mails set status = 'failed', failure = $3, finished_at = clock_timestamp()
where id = $1 and due_at = $2 and status = 'waiting'
"""
_TRY_AGAIN = """
update outgoing_mails set failure = $3, due_at = clock_timestamp() + $4::interval
where id = $1 and due_at = $2 and status = 'waiting'
"""
_TRY_AGAIN_UNCOUNTED = """
update outgoing_mails set tries = tries - 1, failure = $3, due_at = clock_timestamp() + $4::interval
where id = $1 and due_at = $2 and status = 'waiting'
"""
_EXPIRE = """
update outgoing_mails set status = 'failed', failure = 'expired', finished_at = clock_timestamp()
where ctid = any(array(select ctid from outgoing_mails
    where status = 'waiting' and expires_at <= (select clock_timestamp()) and kind = any($2::text[])
    order by expires_at limit $1
    for no key update skip locked))
"""
_SWEEP = """
delete from outgoing_mails where ctid = any(array(select ctid from outgoing_mails
    where status <> 'waiting' and finished_at < (select clock_timestamp()) - $1::interval
    order by finished_at limit $2 for update skip locked))
"""
_WAITING = """
select count(*) from (
    select from outgoing_mails where status = 'waiting' and kind = any($2::text[]) limit $1) waiting
"""


async def put(session: Session, mail: Mail) -> None:
    """Inserts the mail, unless one with the same user and event exists."""
    await session.execute(
        _PUT,
        uuids.uuid7(),
        mail.user_id,
        mail.event,
        mail.recipient,
        mail.kind,
        orjson.dumps(dict(mail.facts)).decode(),
        mail.lifetime,
        mail.delay,
    )


async def claim(session: Session, kinds: Collection[Kind], *, limit: int, lease: timedelta) -> list[ClaimedMail]:
    """Claims up to `limit` due mails of these kinds and returns them, longest due first.

    No other server can claim them until the lease is over. Mails of kinds that this server does not know are left to
    a newer server.
    """
    return [_mail(row) for row in await session.fetch(_CLAIM, list(kinds), limit, lease)]


async def newest(session: Session, kinds: Collection[Kind], *, limit: int) -> list[ClaimedMail]:
    """Returns the newest mails of these kinds, newest first, sent or not, without claiming them."""
    return [_mail(row) for row in await session.fetch(_NEWEST, list(kinds), limit)]


async def sent(session: Session, mail: ClaimedMail) -> None:
    """Marks the mail as sent, even if another server has claimed it since."""
    await session.execute(_SENT, mail.id)


async def failed(session: Session, mail: ClaimedMail, failure: str) -> None:
    """Marks the mail as failed, unless another server has claimed it since."""
    await session.execute(_FAILED, mail.id, mail.leased_until, failure)


async def try_again(session: Session, mail: ClaimedMail, failure: str, pause: timedelta) -> None:
    """Makes the mail due again after the pause, unless another server has claimed it since."""
    await session.execute(_TRY_AGAIN, mail.id, mail.leased_until, failure, pause)


async def try_again_uncounted(session: Session, mail: ClaimedMail, failure: str, pause: timedelta) -> None:
    """Like `try_again`, but this try does not count."""
    await session.execute(_TRY_AGAIN_UNCOUNTED, mail.id, mail.leased_until, failure, pause)


async def expire(session: Session, kinds: Collection[Kind], *, limit: int) -> int:
    """Marks up to `limit` expired mails of these kinds as failed and returns how many."""
    return _count(await session.execute(_EXPIRE, limit, list(kinds)))


async def sweep(session: Session, *, after: timedelta, limit: int) -> int:
    """Deletes up to `limit` mails that were sent or failed longer than `after` ago, and returns how many."""
    return _count(await session.execute(_SWEEP, after, limit))


async def waiting(session: Session, kinds: Collection[Kind], *, limit: int) -> int:
    """Returns the number of waiting mails of these kinds, counted up to `limit`."""
    number: int = await session.fetchval(_WAITING, limit, list(kinds))
    return number


async def last_due(session: Session, kind: Kind) -> timedelta | None:
    """Returns the time until the last waiting mail of this kind is due, or None when none waits."""
    left: timedelta | None = await session.fetchval(
        "select max(due_at) - clock_timestamp() from outgoing_mails where status = 'waiting' and kind = $1", kind
    )
    return left


async def delete_for(session: Session, user_ids: Iterable[UUID]) -> None:
    """Deletes all mails of these users, sent or not."""
    await session.execute("delete from outgoing_mails where user_id = any($1::uuid[])", list(user_ids))


def _mail(row: Record) -> ClaimedMail:
    return ClaimedMail(
        id=row["id"],
        user_id=row["user_id"],
        recipient=row["recipient"],
        kind=Kind(row["kind"]),
        facts=orjson.loads(row["facts"]),
        tries=row["tries"],
        created_at=row["created_at"],
        leased_until=row["due_at"],
    )


def _count(command_tag: str) -> int:
    return int(command_tag.split()[-1])
