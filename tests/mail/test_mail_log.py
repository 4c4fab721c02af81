"""The log of mail: in production it contains no address, code, link or reply of the SMTP server."""

from collections.abc import Mapping

import pytest
import structlog

from pocketpay.database.sessions import Database
from pocketpay.mail import log_delivery, sender
from pocketpay.mail.log_delivery import LogDelivery
from pocketpay.mail.mail import ClaimedMail
from pocketpay.mail.sender import MailSender
from pocketpay.serving import log
from tests.mail.outboxes import CODE, Post, send_all, sender_to
from tests.mail.smtp_server import SmtpServer, dies, replies
from tests.people import Owner, made

SECRETS = (CODE, CODE.replace(" ", ""), "ada", "example.com", "token=", "hunter2")


async def test_the_log_of_production_contains_no_secret_for_any_error(
    post: Post,
    database: Database,
    smtp: SmtpServer,
    owner: Owner,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log.configure(made(environment="production", log_level="debug"))
    # Loggers keep the configuration of their first use; a server has only one configuration.
    monkeypatch.setattr(sender, "log", structlog.get_logger("pocketpay.mail.sender"))
    link = "https://app.example.com/verify-email#token=hunter2"
    steps = [dies, replies(f"451 ada@example.com {CODE}"), replies(f"550 ada@example.com {CODE}")]
    for number, step in enumerate(steps):
        for command in ("at_mail", "at_recipient", "at_data"):
            await post.put(f"{number} {command}")
            usual = getattr(smtp, command)
            setattr(smtp, command, step)
            await send_all(sender_to(database, smtp, link=link))
            setattr(smtp, command, usual)
    await post.put("broken")
    await send_all(_broken(sender_to(database, smtp, link=link)))
    await post.put("last")
    await send_all(sender_to(database, smtp, link=link))
    assert "ada@example.com" in smtp.recipients
    log.configure(made())
    written = capsys.readouterr().err
    for event in ("mail_given_up", "mail_server_unavailable", "mail_send_error"):
        assert event in written
    for line in written.splitlines():
        if '"logger":"mail.log"' not in line and "aiosmtpd" not in line:  # log lines of this test's SMTP server
            assert [secret for secret in SECRETS if secret in line.replace("test_mail_log", "")] == [], line


def _broken(sender: MailSender) -> MailSender:
    """Makes the sender fail while it writes the text, with an error that contains the facts of the mail."""

    def complete(mail: ClaimedMail) -> Mapping[str, object]:
        raise ValueError(f"{mail.recipient} {CODE} hunter2")

    sender._complete = complete
    return sender


async def test_development_without_smtp_logs_the_mail_but_not_its_recipient(
    post: Post,
    database: Database,
    owner: Owner,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log.configure(made())
    monkeypatch.setattr(log_delivery, "log", structlog.get_logger("pocketpay.mail.log_delivery"))
    await post.put()
    await send_all(sender_to(database, LogDelivery(), link="http://localhost:5173/verify-email#token=abc"))
    (line,) = capsys.readouterr().err.splitlines()
    for said in (CODE, "Confirm your email address", "#token=abc", '"name":"a…@example.com"'):
        assert said in line
    assert "ada@example.com" not in line
    assert await owner.fetchval("select status from outgoing_mails") == "sent"
