"""The newest mails for the explorer's bar, which are served in development only."""

import re
from datetime import timedelta
from typing import Any

import pytest

from pocketpay.explorer.mails import PATH
from pocketpay.mail import recent
from pocketpay.mail.mail import Kind, Mail
from pocketpay.mail.repository import put
from tests.clients import Client, serving
from tests.conftest import Dsns
from tests.people import Owner

SMTP = {"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_tls": "none", "mail_from": "a@example.com"}
APP = "https://app.example.com"
REQUEST_BOTH = (
    "mutation { requestEmailVerification { errors { code } } requestPhoneVerification { errors { code } } }"
)
VERIFY = "mutation ($code: String!) { verifyPhone(input: {code: $code}) { user { phoneVerified } errors { code } } }"


async def shown(client: Client) -> list[dict[str, Any]]:
    answer = await client.http.get(PATH)
    assert answer.status_code == 200
    mails: list[dict[str, Any]] = answer.json()["mails"]
    return mails


async def test_the_newest_mails_are_shown_with_valid_codes(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, public_url=APP) as client:
        ada = await client.sign_up("ada", raw_email="ada@example.com", raw_phone="+12025550123")
        assert await shown(client) == []
        await client.data(REQUEST_BOTH, by=ada)
        text, mail = await shown(client)
        assert (mail["kind"], mail["to"]) == ("verify_email", "ada@example.com")
        assert mail["says"] == "Confirm your email address"
        assert re.fullmatch(r"\d{4} \d{4}", mail["code"])
        assert mail["link"].startswith(f"{APP}/verify-email#token=")
        assert (text["kind"], text["to"], text["link"]) == ("verify_phone", "+12025550123", None)
        assert text["code"] in text["says"]
        verified = await client.data(VERIFY, {"code": text["code"]}, by=ada)
        assert verified == {"verifyPhone": {"user": {"phoneVerified": True}, "errors": []}}


async def test_mails_sent_by_an_smtp_server_are_not_shown(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, **SMTP, public_url=APP) as client:
        ada = await client.sign_up("ada", raw_email="ada@example.com", raw_phone="+12025550123")
        await client.data(REQUEST_BOTH, by=ada)
        assert [one["kind"] for one in await shown(client)] == ["verify_phone"]


async def test_a_limited_number_of_mails_is_shown_and_never_cached(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as client:
        ada = await client.sign_up("ada")
        viewer = await client.services.identity.gate.viewer(ada.token)
        assert viewer is not None
        for number in range(recent.MAX_SHOWN + 2):
            facts = {"username": f"n{number}"}
            mail = Mail(viewer.user_id, f"{number}", "+12025550123", Kind.PHONE_CHANGED, timedelta(days=1), facts)
            async with client.services.database.write() as session:
                await put(session, mail)
        mails = await shown(client)
        assert len(mails) == recent.MAX_SHOWN
        assert f"@n{recent.MAX_SHOWN + 1} " in mails[0]["says"]
        assert (mails[0]["code"], mails[0]["link"]) == (None, None)
        assert (await client.http.get(PATH)).headers["cache-control"] == "no-store"


async def test_a_page_of_another_site_cannot_read_the_mails(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as client:
        answer = await client.http.get(PATH, headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("way", ["no SMTP server", "an SMTP server"])
async def test_production_does_not_serve_the_mails(database_dsn: Dsns, owner: Owner, way: str) -> None:
    smtp = {**SMTP, "public_url": APP} if way == "an SMTP server" else {}
    async with serving(database_dsn.server, environment="production", welcome_bonus="0", **smtp) as client:
        ada = await client.sign_up("ada", raw_email="ada@example.com")
        await client.data("mutation { requestEmailVerification { errors { code } } }", by=ada)
        assert await owner.fetchval("select count(*) from outgoing_mails") == (1 if smtp else 0)
        for method in ("GET", "POST", "HEAD"):
            assert (await client.http.request(method, PATH)).status_code == 404
        assert PATH not in [getattr(one, "path", None) for one in client.app.routes]
