"""Text messages: they use the same outbox, with their own channel and sender."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
import structlog
from jinja2 import UndefinedError

from pocketpay.database.sessions import Database
from pocketpay.mail import text_messages
from pocketpay.mail.channels import Email, TextMessages
from pocketpay.mail.delivery import Rejected, ServerUnavailable, TryLater
from pocketpay.mail.mail import TEXT_MESSAGES, ClaimedMail, Kind, Mail
from pocketpay.mail.outbox import Outbox
from pocketpay.mail.sender import MailSender
from pocketpay.mail.text_messages import SimulatedTextProvider, TextProvider, masked_number
from pocketpay.mail.texts import short_text_of
from pocketpay.serving import log
from tests.clients import serving
from tests.conftest import Dsns
from tests.mail.outboxes import KEPT, Post, send_all, sender_to
from tests.mail.smtp_server import SmtpServer
from tests.people import Owner, made

NUMBER, CODE = "+12025550123", "271828"
FACTS = {"username": "a" * 30, "code": CODE, "minutes": 10}
STATE = "select status, tries, failure from outgoing_mails where kind = 'verify_phone'"


class Provider:
    """A provider that fails with each of the given errors in order, and then sends."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.sent: list[tuple[str, str]] = []
        self.ids: list[UUID] = []

    async def send(self, number: str, text: str, *, id: UUID) -> None:
        self.ids.append(id)
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((number, text))

    async def close_idle(self) -> None:
        pass


async def put(post: Post, event: str = "text") -> None:
    mail = Mail(post.user_id, event, NUMBER, Kind.VERIFY_PHONE, timedelta(hours=1), {"username": "ada"})
    async with post.database.write() as session:
        await Outbox(is_on=True).put(session, mail)


def texting(database: Database, provider: TextProvider) -> MailSender:
    def complete(mail: ClaimedMail) -> dict[str, object]:
        return {"code": CODE, "minutes": 10}

    return MailSender(database, TextMessages(provider), complete, keep=KEPT)


def test_every_kind_has_exactly_one_channel() -> None:
    assert Email.kinds | TextMessages.kinds == set(Kind)
    assert not Email.kinds & TextMessages.kinds


@pytest.mark.parametrize("kind", sorted(TEXT_MESSAGES))
def test_every_text_fits_in_one_message(kind: Kind) -> None:
    """160 characters fit in one message if all are in the GSM 03.38 alphabet, which contains most of ASCII."""
    text = short_text_of(kind, FACTS)
    assert len(text) <= 160
    assert text.isascii()
    assert not set(text) & set("\n`")


def test_a_text_with_a_missing_code_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        short_text_of(Kind.VERIFY_PHONE, {"username": "ada", "minutes": 10})


async def test_a_text_message_is_sent_once_with_its_code_and_not_by_smtp(
    post: Post, database: Database, owner: Owner, smtp: SmtpServer
) -> None:
    await put(post)
    await post.put()
    provider = Provider()
    await send_all(texting(database, provider), texting(database, provider), sender_to(database, smtp))
    ((number, text),) = provider.sent
    assert number == NUMBER
    assert CODE in text
    assert smtp.recipients == ["ada@example.com"]
    assert CODE not in str(await owner.fetch("select * from outgoing_mails"))


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (TryLater("timeout"), ("waiting", 1, "timeout")),
        (Rejected("no such number"), ("failed", 1, "no such number")),
        (ServerUnavailable("away"), ("waiting", 0, "away")),
    ],
)
async def test_the_providers_error_determines_the_state_of_the_message(
    post: Post, database: Database, owner: Owner, failure: Exception, state: tuple[str, int, str]
) -> None:
    await put(post)
    await send_all(texting(database, Provider(failure)))
    assert tuple(await owner.fetchrow(STATE) or ()) == state


async def test_every_attempt_to_send_a_text_has_the_same_id(post: Post, database: Database, owner: Owner) -> None:
    await put(post)
    provider = Provider(TryLater("timeout"))
    await send_all(texting(database, provider))
    await owner.execute("update outgoing_mails set due_at = clock_timestamp()")
    await send_all(texting(database, provider))
    assert len(provider.sent) == 1
    assert len(provider.ids) == 2
    assert len(set(provider.ids)) == 1


async def test_an_unreachable_provider_does_not_delay_mails(post: Post, database: Database, smtp: SmtpServer) -> None:
    away = texting(database, Provider(*(ServerUnavailable("away") for _ in range(10))))
    for n in range(6):
        await put(post, f"text {n}")
    await away.send_due()
    await asyncio.wait(away.sending)
    await post.put()
    await send_all(sender_to(database, smtp))
    assert smtp.recipients == ["ada@example.com"]
    await away.close()


async def test_each_channel_counts_only_its_own_messages(
    post: Post, database: Database, owner: Owner, smtp: SmtpServer
) -> None:
    await put(post)
    await post.put_many(2)
    texts, mails = texting(database, Provider()), sender_to(database, smtp)
    for sender in (texts, mails):
        await sender.count()
    assert (texts.counts.waiting, mails.counts.waiting) == (1, 2)
    await owner.execute("update outgoing_mails set expires_at = clock_timestamp()")
    assert (await texts.sweep(), texts.counts.failed, mails.counts.failed) == (1, 1, 0)
    assert (await mails.sweep(), mails.counts.failed) == (2, 2)


async def test_development_logs_the_text_message_but_not_its_recipient(
    post: Post, database: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log.configure(made())
    monkeypatch.setattr(text_messages, "log", structlog.get_logger("pocketpay.mail.text_messages"))
    await put(post)
    await send_all(texting(database, SimulatedTextProvider()))
    (line,) = capsys.readouterr().err.splitlines()
    assert CODE in line
    assert f'"name":"{masked_number(NUMBER)}"' in line
    assert "2025550123" not in line


@pytest.mark.parametrize(("environment", "has_them"), [("development", True), ("production", False)])
async def test_text_messages_have_metrics_only_where_they_are_enabled(
    database_dsn: Dsns, environment: str, has_them: bool
) -> None:
    async with serving(database_dsn.server, environment=environment, welcome_bonus="0") as client:
        text = client.app.state.server_context.metrics.text().decode()
    for name in ("waiting", "sent_total", "failed_total"):
        assert (f"\npocketpay_text_messages_{name} 0.0" in text) is has_them
