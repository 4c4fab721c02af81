"""The sender against a real SMTP server that is slow, refuses, and dies in the middle."""

import asyncio
import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from pocketpay.database.sessions import Database
from pocketpay.identity.user import User
from pocketpay.mail import repository, retries, sender, smtp
from pocketpay.mail.delivery import ServerUnavailable
from pocketpay.mail.mail import Kind, Mail
from pocketpay.mail.outbox import Outbox
from pocketpay.settings import SmtpTls
from tests.conftest import Dsns
from tests.mail.conftest import sending
from tests.mail.smtp_server import Mailbox, mailbox, says
from tests.payments.customers import new_key
from tests.people import Owner
from tests.updates.waiting import until

OUTBOX = Outbox(is_on=True)
OPEN_UNITS = """
select count(*) from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()
"""


def mail(user: User, event: str | None = None, **more: Any) -> Mail:
    named = {"recipient": "ada@example.com", "kind": Kind.PASSWORD_CHANGED, "lifetime": timedelta(hours=1)}
    return Mail(user.id, event or new_key(), facts={"username": user.username}, **{**named, **more})


async def put(database: Database, *mails: Mail) -> None:
    async with database.write() as session:
        for one in mails:
            await OUTBOX.put(session, one)


async def states(owner: Owner) -> list[tuple[Any, ...]]:
    """The status, tries and failure of every mail, in the order in which they were written."""
    return [tuple(row) for row in await owner.fetch("select status, tries, failure from outgoing_mails order by id")]


async def until_finished(owner: Owner) -> None:
    async with asyncio.timeout(10):
        while await owner.fetchval("select exists (select from outgoing_mails where status = 'waiting')"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def _put_and_fail(database: Database, one: Mail) -> None:
    async with database.write() as session:
        await OUTBOX.put(session, one)
        raise ZeroDivisionError


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    logger = CapturingLogger()
    monkeypatch.setattr(sender, "log", logger)
    return logger


async def test_mail_arrives_as_it_was_written(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, owner: Owner
) -> None:
    await put(database, mail(ada))
    async with sending(database_dsn.server, box.port) as sends:
        await until_finished(owner)
    (message,) = box.accepted
    assert (message["From"], message["To"]) == ("Pocket Pay <no-reply@pocketpay.test>", "ada@example.com")
    assert message["Subject"] == "Your password was changed"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    for part in (plain, html):
        text = part.get_content()
        assert "@ada" in text
        assert re.search(r"\d{4}-\d\d-\d\d at \d\d:\d\d UTC", text)
    assert await states(owner) == [("sent", 1, None)]
    assert (sends.counts.sent, sends.counts.failed) == (1, 0)


async def test_each_mail_is_sent_once_by_however_many_servers(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, owner: Owner
) -> None:
    box.slow_seconds = 0.01
    await put(database, *(mail(ada) for _ in range(40)))
    async with (
        sending(database_dsn.server, box.port) as one,
        sending(database_dsn.server, box.port) as two,
        sending(database_dsn.server, box.port) as three,
    ):
        await until_finished(owner)
        await until(lambda: sum(each.counts.sent for each in (one, two, three)) == 40)
    assert len(box.ids) == len(set(box.ids)) == 40
    assert await states(owner) == [("sent", 1, None)] * 40


async def test_one_event_is_one_mail_and_a_unit_that_fails_is_none(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, owner: Owner
) -> None:
    await put(database, mail(ada, "the same"))
    await put(database, mail(ada, "the same"))
    with pytest.raises(ZeroDivisionError):
        await _put_and_fail(database, mail(ada))
    async with database.write() as session:
        await Outbox(is_on=False).put(session, mail(ada))
        await OUTBOX.put(session, None)
    async with sending(database_dsn.server, box.port):
        await until_finished(owner)
    assert len(box.accepted) == 1
    assert await states(owner) == [("sent", 1, None)]


async def test_refused_for_now_is_tried_again_as_the_same_mail(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, owner: Owner
) -> None:
    seen: list[str] = []

    def later(message: EmailMessage) -> str:
        seen.append(str(message["Message-ID"]))
        return "451 greylisted: ada@example.com"

    box.replies = [later, later]
    await put(database, mail(ada))
    async with sending(database_dsn.server, box.port):
        await until_finished(owner)
    assert seen + box.ids == [box.ids[0]] * 3
    assert await states(owner) == [("sent", 3, None)]


async def test_refused_for_ever_is_given_up_at_once_and_others_are_sent(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, owner: Owner, log: CapturingLogger
) -> None:
    box.replies = [says("550 no such person: ada@example.com")]
    await put(database, mail(ada))
    await put(database, mail(ada, recipient="other@example.com"))
    async with sending(database_dsn.server, box.port) as sends:
        await until_finished(owner)
    assert sorted(await states(owner)) == [("failed", 1, "550"), ("sent", 1, None)]
    assert sends.counts.failed == 1
    assert "mail_given_up" in str(log.calls)
    assert "example.com" not in str(log.calls)


async def test_a_mail_that_is_never_taken_is_given_up_after_so_many_tries(
    database: Database,
    database_dsn: Dsns,
    ada: User,
    box: Mailbox,
    owner: Owner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "MOST_TRIES", 3)
    box.replies = [says("450 not now")] * 9
    await put(database, mail(ada))
    async with sending(database_dsn.server, box.port):
        await until_finished(owner)
    assert await states(owner) == [("failed", 3, "450")]
    assert (box.asked, box.accepted) == (3, [])


async def test_a_server_that_hangs_up_in_the_middle_gets_the_mail_again(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, owner: Owner
) -> None:
    box.replies = [says(None), says(None)]
    await put(database, *(mail(ada) for _ in range(3)))
    async with sending(database_dsn.server, box.port):
        await until_finished(owner)
    assert len(set(box.ids)) == 3
    assert sum(tries for _, tries, _ in await states(owner)) == 5


async def test_a_server_that_is_away_costs_no_mail_a_try(
    database: Database, database_dsn: Dsns, ada: User, owner: Owner, log: CapturingLogger
) -> None:
    async with mailbox() as gone:
        pass
    await put(database, mail(ada))
    async with sending(database_dsn.server, gone.port):
        await until(lambda: str(log.calls).count("mail_server_unavailable") >= 3)
    ((status, tries, _),) = await states(owner)
    assert status == "waiting"
    assert tries <= 1


async def test_a_connection_without_the_encryption_asked_for_is_not_used(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, log: CapturingLogger
) -> None:
    await put(database, mail(ada))
    async with sending(database_dsn.server, box.port, tls=SmtpTls.STARTTLS):
        await until(lambda: "mail_server_unavailable" in str(log.calls))
    assert box.asked == 0


async def test_a_slow_server_holds_up_nothing_but_mail(
    database: Database,
    database_dsn: Dsns,
    ada: User,
    box: Mailbox,
    owner: Owner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "FINISH_SECONDS", 0.1)
    box.slow_seconds = 30
    await put(database, *(mail(ada) for _ in range(20)))
    async with sending(database_dsn.server, box.port):
        await until(lambda: box.asked == sender.SLOTS)
        assert await owner.fetchval(OPEN_UNITS) == 0, "no unit of work waits for the SMTP server"
        await put(database, mail(ada))
        assert box.asked == sender.SLOTS


async def test_a_server_that_dies_leaves_its_mails_to_another(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, owner: Owner
) -> None:
    await put(database, mail(ada))
    async with database.write() as session:
        claimed = await repository.claim(session, most=4, lease=timedelta(milliseconds=300))
    assert len(claimed) == 1
    async with sending(database_dsn.server, box.port):
        await asyncio.sleep(0.1)
        assert box.accepted == [], "it is the other one's while the lease lasts"
        await until_finished(owner)
        # The first one was only slow, and says now what became of it: not what the second one found.
        async with database.write() as session:
            await repository.failed(session, claimed[0], "451")
    assert await states(owner) == [("sent", 2, None)]


async def test_old_mails_are_deleted_and_late_ones_given_up(
    database: Database, database_dsn: Dsns, ada: User, box: Mailbox, owner: Owner, log: CapturingLogger
) -> None:
    await put(database, mail(ada, "old"), mail(ada, "late", lifetime=timedelta(0)), mail(ada, "new"))
    await owner.execute(
        "update outgoing_mails set status = 'sent', finished_at = now() - interval '8 days' where event = 'old'"
    )
    async with sending(database_dsn.server, box.port) as sends:
        assert await sends.sweep() == 2
        await until_finished(owner)
    found = await owner.fetch("select event, status, failure from outgoing_mails order by event")
    assert [tuple(row) for row in found] == [("late", "failed", "expired"), ("new", "sent", None)]
    assert len(box.accepted) == 1


async def test_login_is_shown_to_the_server_and_a_wrong_one_is_no_mails_fault() -> None:
    async with mailbox(auth_require_tls=False) as box:
        for password in ("right", "wrong"):
            delivery = smtp.SmtpDelivery(smtp.Server("127.0.0.1", box.port, SmtpTls.NONE, "us", password))
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Hello"
            if password == "right":
                await delivery.deliver(message)
            else:
                with pytest.raises(ServerUnavailable) as raised:
                    await delivery.deliver(message)
                assert raised.value.failure == "535"
            await delivery.rest()
        assert box.logins[0] == ("us", "right")
        assert len(box.accepted) == 1
