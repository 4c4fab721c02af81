"""A complete server, with and without mail."""

import asyncio
from uuid import UUID

import pytest
from pydantic import ValidationError

from pocketpay.identity.one_time_codes import Challenge, Purpose
from pocketpay.mail import sender
from pocketpay.mail.mail import Kind
from tests.clients import Client, serving
from tests.conftest import Dsns
from tests.mail.smtp_server import SmtpServer, accepts, hangs, replies
from tests.people import Owner
from tests.updates.waiting import until

MAIL = {
    "smtp_host": "127.0.0.1",
    "smtp_tls": "none",
    "mail_from": "no-reply@example.com",
    "public_url": "https://app.example.com",
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(sender, "COUNT_SECONDS", 0.02)


async def put(client: Client, number: int = 1) -> Challenge:
    """Puts a mail with a code into the outbox, in a unit of work."""
    services = client.services.identity
    person = await client.sign_up(f"person_{number}")
    viewer = await services.gate.viewer(person.token)
    assert viewer is not None
    challenge = Challenge(UUID(int=number), Purpose.VERIFY_EMAIL, viewer.user_id, "ada@example.com")
    mail = services.mails.with_code(Kind.VERIFY_EMAIL, challenge, username=person.username)
    async with client.services.database.write() as session:
        await services.outbox.put(session, mail)
    return challenge


async def test_the_mail_contains_the_code_and_the_link_and_the_outbox_does_not(
    database_dsn: Dsns, smtp: SmtpServer, owner: Owner
) -> None:
    async with serving(database_dsn.server, **MAIL, smtp_port=smtp.port) as client:
        challenge = await put(client)
        row = str(await owner.fetchrow("select * from outgoing_mails"))
        await until(lambda: len(smtp.accepted) == 1)
        codes = client.services.identity.codes
        code, token = codes.code(challenge), codes.token(challenge)
        plain = smtp.accepted[0].get_body(("plain",))
        assert plain is not None
        assert f"{code[:4]} {code[4:]}" in plain.get_content()
        assert f"https://app.example.com/verify-email#token={token}" in plain.get_content()
        assert "within 15 minutes" in plain.get_content()
        assert code not in row
        assert token not in row
        await until(
            lambda: "pocketpay_mails_sent_total 1.0" in client.app.state.server_context.metrics.text().decode()
        )


async def test_a_late_mail_contains_the_remaining_validity_of_its_code(
    database_dsn: Dsns, smtp: SmtpServer, owner: Owner
) -> None:
    smtp.at_mail = replies("451 later")
    async with serving(database_dsn.server, **MAIL, smtp_port=smtp.port) as client:
        await put(client)
        await until_waiting(owner)
        smtp.at_mail = accepts
        await owner.execute(
            "update outgoing_mails set created_at = created_at - interval '9 minutes', due_at = clock_timestamp()"
        )
        await until(lambda: len(smtp.accepted) == 1)
        plain = smtp.accepted[0].get_body(("plain",))
        assert plain is not None
        assert "within 6 minutes" in plain.get_content()


async def until_waiting(owner: Owner) -> None:
    """Waits until an attempt to send the mail has failed."""
    while await owner.fetchval("select failure from outgoing_mails") is None:  # noqa: ASYNC110 - no event to wait for
        await asyncio.sleep(0.01)


async def test_a_hanging_smtp_server_delays_neither_requests_nor_the_shutdown(
    database_dsn: Dsns, smtp: SmtpServer
) -> None:
    smtp.at_mail = hangs
    async with asyncio.timeout(20), serving(database_dsn.server, **MAIL, smtp_port=smtp.port) as client:
        for number in range(1, sender.SLOTS + 2):
            await put(client, number)
        await until(lambda: smtp.connections == sender.SLOTS)
        ada = await client.sign_up("ada")
        async with asyncio.timeout(2):
            await asyncio.gather(*(client.data("{ viewer { username } }", by=ada) for _ in range(20)))
        text = client.app.state.server_context.metrics.text().decode()
        await until(lambda: "pocketpay_mails_waiting 5.0" in client.app.state.server_context.metrics.text().decode())
        assert "pocketpay_mails_failed_total 0.0" in text
        before = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - before < 4


async def test_production_without_an_smtp_server_puts_no_mail_into_the_outbox(
    database_dsn: Dsns, owner: Owner
) -> None:
    async with serving(database_dsn.server, environment="production", welcome_bonus="0") as client:
        await put(client)
        assert await owner.fetchval("select count(*) from outgoing_mails") == 0
        assert "pocketpay_mails" not in client.app.state.server_context.metrics.text().decode()


async def test_a_server_whose_smtp_password_cannot_be_read_does_not_start(database_dsn: Dsns) -> None:
    with pytest.raises(ValidationError, match="SMTP_PASSWORD_FILE cannot be read"):
        async with serving(
            database_dsn.server,
            **{**MAIL, "smtp_tls": "starttls"},
            smtp_username="pocketpay",
            smtp_password_file="/nowhere/password",
        ):
            raise AssertionError("it has opened")
