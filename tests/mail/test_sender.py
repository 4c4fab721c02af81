"""The sender: each mail is sent once, by any number of servers and for any behaviour of the SMTP server."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP

from pocketpay.database.sessions import Database
from pocketpay.mail import repository, sender
from pocketpay.mail.channels import Email
from pocketpay.mail.mail import ClaimedMail
from pocketpay.mail.smtp import Server, SmtpDelivery
from pocketpay.settings import SmtpTls
from tests.conftest import Dsns
from tests.mail.outboxes import CODE, Post, send_all, sender_to
from tests.mail.smtp_server import SmtpServer, accepts, dies, hangs, replies, smtp_serving
from tests.people import Owner, facts
from tests.updates.waiting import until

ROW = "select status, tries, failure from outgoing_mails"
MAKE_DUE = "update outgoing_mails set due_at = clock_timestamp() where status = 'waiting'"


async def test_mail_is_sent_with_its_code_as_text_and_html(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put()
    await send_all(sender_to(database, smtp, link="https://app.example.com/verify-email#token=abc"))
    (message,) = smtp.accepted
    assert message["From"] == "Pocket Pay <no-reply@example.com>"
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Confirm your email address"
    assert message["Auto-Submitted"] == "auto-generated"
    for part in ("plain", "html"):
        body = message.get_body((part,))
        assert body is not None
        for said in (CODE, "@ada", "15 minutes", "https://app.example.com/verify-email#token=abc"):
            assert said in body.get_content()
    assert await facts(owner, ROW) == ("sent", 1, None)


async def test_mail_of_a_unit_that_is_rolled_back_is_not_sent(
    post: Post, database: Database, smtp: SmtpServer
) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with database.write() as session:
            await post.put_in(session)
            raise ZeroDivisionError
    await send_all(sender_to(database, smtp))
    assert smtp.accepted == []


async def test_an_event_put_into_the_outbox_several_times_sends_one_mail(
    post: Post, database: Database, smtp: SmtpServer
) -> None:
    await asyncio.gather(*(post.put("the same") for _ in range(5)))
    await send_all(sender_to(database, smtp))
    await post.put("the same")
    await send_all(sender_to(database, smtp))
    assert smtp.recipients == ["ada@example.com"]


async def test_two_senders_share_the_mails_and_send_each_once(
    post: Post, database_dsn: Dsns, database: Database, smtp: SmtpServer
) -> None:
    await post.put_many(40)
    other = await Database.open(database_dsn.server)
    first, second = sender_to(database, smtp), sender_to(other, smtp)
    await send_all(first, second)
    await other.close()
    assert sorted(smtp.recipients) == sorted(f"person{one}@example.com" for one in range(40))
    assert first.counts.sent + second.counts.sent == 40
    assert min(first.counts.sent, second.counts.sent) > 0


async def test_a_mail_claimed_by_a_dead_server_is_sent_by_another_after_the_lease(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put()
    async with database.write() as session:
        await repository.claim(session, Email.kinds, limit=1, lease=timedelta(milliseconds=300))
    await send_all(sender_to(database, smtp))
    assert smtp.accepted == [], "the lease still holds"
    await asyncio.sleep(0.4)
    await send_all(sender_to(database, smtp))
    assert smtp.recipients == ["ada@example.com"]
    assert await facts(owner, ROW) == ("sent", 2, None)


async def test_a_mail_accepted_before_a_crash_is_sent_again_with_the_same_message_id(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    """With SMTP no sender can avoid it. The same Message-ID shows the receiver that both are one mail."""
    await post.put()
    crashing = sender_to(database, smtp)
    crashing._record = _never  # type: ignore[method-assign]  # it ends before it records the result
    await send_all(crashing)
    await owner.execute(MAKE_DUE)
    await send_all(sender_to(database, smtp))
    first, again = smtp.accepted
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Date"] == again["Date"]
    assert await facts(owner, ROW) == ("sent", 2, None)


async def _never(mail: ClaimedMail, write: object) -> None:
    """Records nothing."""


# ---------------------------------------------------------------- behaviour of the SMTP server


@pytest.mark.parametrize("command", ["at_recipient", "at_data"])
async def test_a_temporarily_refused_mail_is_retried_after_growing_pauses(
    command: str, post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put()
    setattr(smtp, command, replies("451 try ada@example.com later"))
    waits = []
    for tries in (1, 2, 3):
        await send_all(sender_to(database, smtp))
        assert await facts(owner, ROW) == ("waiting", tries, "451")
        waits.append(
            await owner.fetchval("select extract(epoch from due_at - clock_timestamp()) from outgoing_mails")
        )
        await owner.execute(MAKE_DUE)
    for wait, expected in zip(waits, (30, 60, 120), strict=True):
        assert expected - 5 < wait <= expected * 1.25
    setattr(smtp, command, accepts)
    await send_all(sender_to(database, smtp))
    assert smtp.recipients == ["ada@example.com"]


async def test_a_mail_fails_after_twelve_attempts(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put()
    smtp.at_recipient = replies("450 busy")
    last = sender_to(database, smtp)
    for _ in range(12):
        last = sender_to(database, smtp)
        await send_all(last)
        await owner.execute(MAKE_DUE)
    assert await facts(owner, ROW) == ("failed", 12, "450")
    assert last.counts.failed == 1


@pytest.mark.parametrize("command", ["at_recipient", "at_data"])
async def test_a_rejected_mail_is_not_retried_and_does_not_delay_others(
    command: str, post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put("one", recipient="nobody@example.com")
    await post.put("two")

    async def reject(server: SMTP, address: str) -> str | None:
        return "550 no such user nobody@example.com" if address == "nobody@example.com" else None

    setattr(smtp, command, reject)
    await send_all(sender_to(database, smtp))
    assert smtp.recipients == ["ada@example.com"]
    failed = await owner.fetch("select status, failure from outgoing_mails order by event")
    assert [tuple(row) for row in failed] == [("failed", "550"), ("sent", None)]


async def test_a_mail_whose_connection_breaks_is_retried_on_a_new_connection(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put()
    smtp.at_data = dies
    await send_all(sender_to(database, smtp))
    assert (await facts(owner, ROW))[:2] == ("waiting", 1)
    smtp.at_data = accepts
    await owner.execute(MAKE_DUE)
    await send_all(sender_to(database, smtp))
    assert smtp.recipients == ["ada@example.com"]


async def test_a_mail_to_a_server_that_never_replies_times_out_and_is_retried(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketpay.mail.smtp.REPLY_SECONDS", 0.2)
    await post.put()
    smtp.at_recipient = hangs
    await send_all(sender_to(database, smtp))
    assert await facts(owner, ROW) == ("waiting", 1, "SMTPReadTimeoutError")


async def test_a_mail_that_exceeds_its_total_time_is_retried(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "SEND_SECONDS", 0.3)
    await post.put()
    smtp.at_recipient = hangs
    await send_all(sender_to(database, smtp))
    assert await facts(owner, ROW) == ("waiting", 1, "timeout")


async def test_an_unreachable_smtp_server_does_not_count_as_an_attempt_and_pauses_grow(
    post: Post, database: Database, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with smtp_serving() as gone:
        address = gone.address
    await post.put_many(3)
    one = sender_to(database, SmtpDelivery(address))
    assert await one.send_due() == 3
    await until(lambda: not one.sending)
    rows = await owner.fetch("select distinct status, tries, failure from outgoing_mails")
    assert [tuple(row) for row in rows] == [("waiting", 0, "SMTPConnectError")]
    await owner.execute(MAKE_DUE)
    assert await one.send_due() == 0, "the sender pauses"
    pauses = []
    for _ in range(8):
        pauses.append(one.pause_seconds)
        one.paused_until = 0.0
        await owner.execute(MAKE_DUE)
        await one.send_due()
        await until(lambda: not one.sending)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    await one.close()


async def test_a_refused_sender_address_does_not_count_as_an_attempt(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put()
    smtp.at_mail = replies("553 not yours")
    await send_all(sender_to(database, smtp))
    assert await facts(owner, ROW) == ("waiting", 0, "553")


async def test_the_login_is_sent_and_a_wrong_login_does_not_count_as_an_attempt(
    post: Post, database: Database, owner: Owner
) -> None:
    async with smtp_serving(login=True) as strict:
        await post.put()
        wrong = Server("127.0.0.1", strict.port, SmtpTls.NONE, "pocketpay", "wrong")
        await send_all(sender_to(database, SmtpDelivery(wrong)))
        assert await facts(owner, ROW) == ("waiting", 0, "535")
        await owner.execute(MAKE_DUE)
        right = Server("127.0.0.1", strict.port, SmtpTls.NONE, "pocketpay", "right")
        await send_all(sender_to(database, SmtpDelivery(right)))
        assert strict.recipients == ["ada@example.com"]
        assert strict.logins[-1] == (b"pocketpay", b"right")


@pytest.mark.parametrize("tls", [SmtpTls.STARTTLS, SmtpTls.IMPLICIT])
async def test_an_unencrypted_server_gets_no_mail_and_no_password_when_tls_is_required(
    tls: SmtpTls, post: Post, database: Database, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketpay.mail.smtp.CONNECT_SECONDS", 0.5)
    async with smtp_serving(login=True) as plain:
        await post.put()
        await send_all(sender_to(database, SmtpDelivery(Server("127.0.0.1", plain.port, tls, "pocketpay", "right"))))
        assert (plain.accepted, plain.logins) == ([], [])
        assert (await facts(owner, ROW))[:2] == ("waiting", 0)


async def test_mails_that_are_due_together_share_connections(
    post: Post, database: Database, smtp: SmtpServer
) -> None:
    await post.put_many(30)
    await send_all(sender_to(database, smtp))
    assert len(smtp.accepted) == 30
    assert smtp.connections <= sender.SLOTS


async def test_a_connection_closed_by_the_server_is_replaced_before_a_mail_is_sent(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put("one")
    one = sender_to(database, smtp)
    await one.send_due()
    await until(lambda: not one.sending)
    smtp.break_connections()
    await post.put("two")
    await one.send_due()
    await until(lambda: not one.sending)
    assert len(smtp.accepted) == 2
    assert await owner.fetchval("select max(tries) from outgoing_mails") == 1
    await one.close()


# ---------------------------------------------------------------- effects on the rest of the server


async def test_a_hanging_smtp_server_occupies_no_database_connection(
    post: Post, database_dsn: Dsns, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put_many(sender.SLOTS)
    smtp.at_data = hangs
    own = Database(database_dsn.server, readers=1, writers=1)
    one = sender_to(own, smtp)
    await one.send_due()
    await until(lambda: smtp.connections == sender.SLOTS)
    states = await owner.fetch(
        "select state from pg_stat_activity where datname = current_database() and application_name like 'pocketpay%'"
    )
    assert {row["state"] for row in states} == {"idle"}
    assert await own.query(repository.waiting, Email.kinds, limit=10) == sender.SLOTS
    await one.close()
    await own.close()


async def test_closing_a_sender_finishes_its_mail_and_claims_no_more(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put()

    async def slow(server: SMTP, address: str) -> str | None:
        await asyncio.sleep(0.3)
        return None

    smtp.at_data = slow
    one = sender_to(database, smtp)
    await one.send_due()
    await until(lambda: smtp.connections == 1)
    await one.close()
    assert await facts(owner, ROW) == ("sent", 1, None)


async def test_a_started_sender_sends_mails_that_are_put_into_the_outbox_later(
    post: Post, database: Database, smtp: SmtpServer
) -> None:
    one = sender_to(database, smtp)
    one.start()
    await post.put()
    await until(lambda: len(smtp.accepted) == 1)
    await one.close()


async def test_a_result_that_cannot_be_recorded_immediately_is_recorded_later(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "RECORD_PAUSES", (0.05, 0.05, 0.05))
    failures = iter([OSError("away"), OSError("away")])
    sent = repository.sent

    async def record(session: object, mail: ClaimedMail) -> None:
        for failure in failures:
            raise failure
        await sent(session, mail)  # type: ignore[arg-type]

    monkeypatch.setattr(repository, "sent", record)
    await post.put()
    await send_all(sender_to(database, smtp))
    assert await facts(owner, ROW) == ("sent", 1, None)
    assert len(smtp.accepted) == 1


# ---------------------------------------------------------------- lifetime of a mail


async def test_an_expired_mail_is_not_sent(post: Post, database: Database, smtp: SmtpServer, owner: Owner) -> None:
    await post.put(lifetime=timedelta(milliseconds=1))
    await asyncio.sleep(0.01)
    one = sender_to(database, smtp)
    await send_all(one)
    assert smtp.accepted == []
    assert await one.sweep() == 1
    assert await facts(owner, ROW) == ("failed", 0, "expired")
    assert one.counts.failed == 1


async def test_mails_are_deleted_after_the_days_they_are_kept(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put_many(3)
    await post.put("waits", recipient="late@example.com")
    smtp.at_recipient = _late
    one = sender_to(database, smtp)
    await send_all(one)
    await owner.execute(
        "update outgoing_mails set finished_at = clock_timestamp() "
        "- case event when 'event 0' then interval '8 days' else interval '6 days' end where status = 'sent'"
    )
    assert await one.sweep() == 1
    left = await owner.fetch("select event from outgoing_mails order by event")
    assert [row["event"] for row in left] == ["event 1", "event 2", "waits"]


async def _late(server: SMTP, address: str) -> str | None:
    return "451 later" if address.startswith("late") else None


async def test_waiting_mails_are_counted(post: Post, database: Database, smtp: SmtpServer) -> None:
    await post.put_many(3)
    one = sender_to(database, smtp)
    await one.count()
    assert one.counts.waiting == 3
    await send_all(one)
    await one.count()
    assert (one.counts.waiting, one.counts.sent) == (0, 3)


async def test_a_mail_of_an_unknown_kind_is_left_to_a_newer_server(
    post: Post, database: Database, smtp: SmtpServer, owner: Owner
) -> None:
    await post.put()
    await owner.execute("update outgoing_mails set kind = 'tomorrow'")
    await send_all(sender_to(database, smtp))
    assert await facts(owner, ROW) == ("waiting", 0, None)
