"""A whole server that sends mail: from a mutation to the mailbox."""

import asyncio
from typing import Any

import pytest

from pocketpay.mail import sender, shown
from tests.clients import serving
from tests.conftest import Dsns
from tests.mail.smtp_server import Mailbox
from tests.people import PASSWORD
from tests.updates.waiting import until

CHANGE = (
    "mutation ($new: String!, $old: String!) { changePassword(input: {currentPassword: $old, newPassword: $new}) "
    "{ errors { code } } }"
)
DEPOSIT = (
    'mutation { deposit(input: {amount: "5", bankName: "First", idempotencyKey: "12345678"}) { errors { code } } }'
)
NEW = "copper-lantern-42"


def settings(box: Mailbox) -> dict[str, Any]:
    return {
        "environment": "production",
        "smtp_host": "127.0.0.1",
        "smtp_port": box.port,
        "smtp_tls": "none",
        "mail_from": "Pocket Pay <no-reply@pocketpay.test>",
    }


async def test_changed_password_is_told_by_mail_and_counted(database_dsn: Dsns, box: Mailbox) -> None:
    async with serving(database_dsn.server, metrics_token="a token of sixteen", **settings(box)) as client:
        ada = await client.sign_up("ada", raw_email="ada@example.com")
        await client.data(CHANGE, {"old": PASSWORD, "new": NEW}, by=ada)
        await until(lambda: len(box.accepted) == 1)
        headers = {"Authorization": "Bearer a token of sixteen"}
        metrics = ""
        async with asyncio.timeout(5):
            while "pocketpay_mails_sent_total 1.0" not in metrics:
                await asyncio.sleep(0.01)
                metrics = (await client.http.get("/metrics", headers=headers)).text
    assert box.accepted[0]["To"] == "ada@example.com"
    assert "ada@example.com" not in metrics


async def test_money_moves_and_the_server_stops_while_the_smtp_server_hangs(
    database_dsn: Dsns, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "FINISH_SECONDS", 0.1)
    box.slow_seconds = 60
    async with serving(database_dsn.server, **settings(box)) as client:
        ada = await client.sign_up("ada", raw_email="ada@example.com")
        await client.data(CHANGE, {"old": PASSWORD, "new": NEW}, by=ada)
        await until(lambda: box.asked == 1)
        assert await client.data(DEPOSIT, by=ada) == {"deposit": {"errors": []}}


async def test_development_shows_mail_in_the_log(database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, str]] = []

    class Log:
        def info(self, event: str, **fields: str) -> None:
            told.append(fields)

    monkeypatch.setattr(shown, "log", Log())
    async with serving(database_dsn.server) as client:
        ada = await client.sign_up("ada", raw_email="ada@example.com")
        await client.data(CHANGE, {"old": PASSWORD, "new": NEW}, by=ada)
        await until(lambda: len(told) == 1)
    assert told[0]["name"] == "a…@example.com"
    assert told[0]["text"].startswith("Your password was changed\n")
