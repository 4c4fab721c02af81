"""The mutations requestPasswordReset and resetPassword."""

from typing import Any

import pytest

from pocketpay.database.sessions import Database
from tests.api.token_client import ERRORS, SIGN_IN, SIGN_UP, TokenClient, token_client
from tests.identity.mailbox import last
from tests.people import ELSEWHERE, PASSWORD, Owner, has_verified_email

REQUEST = "mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { " + ERRORS + " } }"
RESET = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { " + ERRORS + " } }"
MAIL, NEW = "ada@example.com", "amber-lighthouse-42"


async def sign_up_ada(api: TokenClient) -> None:
    """Signs up Ada with a verified email address."""
    form = {"username": "ada", "name": "Ada", "password": PASSWORD, "email": MAIL}
    assert (await api.data(SIGN_UP, input=form))["errors"] == []
    await has_verified_email(api.services.database)


async def request_reset(api: TokenClient, login: str) -> Any:
    payload = await api.data(REQUEST, address=ELSEWHERE, input={"login": login})
    await api.services.afterwards.finish()
    return payload


def refusals(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["errors"]]


@pytest.mark.parametrize("way", ["code", "token"])
async def test_a_forgotten_password_is_reset_without_a_session(database: Database, owner: Owner, way: str) -> None:
    async with token_client(database, public_url="https://app.example.com") as api:
        await sign_up_ada(api)
        assert await request_reset(api, MAIL) == {"errors": []}
        mail = await last(api.services, owner)
        shown = {"login": MAIL, "code": mail.code} if way == "code" else {"token": mail.token}
        assert await api.data(RESET, input={**shown, "newPassword": NEW}) == {"errors": []}
        signed_in = await api.data(SIGN_IN, input={"login": "ada", "password": NEW})
        assert signed_in["user"]["username"] == "ada"
        old = await api.data(SIGN_IN, input={"login": "ada", "password": PASSWORD})
        assert [error["code"] for error in old["errors"]] == ["INVALID_CREDENTIALS"]


async def test_a_password_reset_does_not_reveal_whether_an_account_exists(database: Database) -> None:
    async with token_client(database) as api:
        await sign_up_ada(api)
        wrong = {"code": "12345678", "newPassword": NEW}
        for login in ("ada", MAIL, "nobody", "nobody@example.com", "\0"):
            assert await request_reset(api, login) == {"errors": []}
            assert await api.data(RESET, input={**wrong, "login": login}) == {
                "errors": [
                    {
                        "__typename": "Refusal",
                        "code": "INVALID_CODE",
                        "message": "This code is wrong, used or expired. Request a new one.",
                        "path": ["input", "code"],
                        "retryable": False,
                    }
                ]
            }


@pytest.mark.parametrize(
    ("shown", "refused"),
    [
        ({"code": "12345678"}, ("INVALID_INPUT", ["input", "login"])),
        ({"code": "12345678", "login": ""}, ("INVALID_INPUT", ["input", "login"])),
        ({"login": "ada"}, ("INVALID_INPUT", ["input", "code"])),
        ({"login": "ada", "code": "12345678", "token": "A" * 64}, ("INVALID_INPUT", ["input", "code"])),
        ({"token": "A" * 64}, ("INVALID_CODE", ["input", "token"])),
        ({"token": "A" * 64, "login": "ada"}, ("INVALID_CODE", ["input", "token"])),
        ({"login": "ada", "code": "1", "newPassword": "short"}, ("WEAK_PASSWORD", ["input", "newPassword"])),
    ],
)
async def test_a_refused_reset_has_the_path_of_the_bad_field(
    database: Database, shown: dict[str, str], refused: tuple[str, list[str]]
) -> None:
    async with token_client(database) as api:
        await sign_up_ada(api)
        assert refusals(await api.data(RESET, input={"newPassword": NEW, **shown})) == [refused]


async def test_a_server_without_mail_refuses_with_mail_unavailable(database: Database) -> None:
    async with token_client(database, environment="production", secret_key="x" * 32) as api:
        assert refusals(await request_reset(api, "nobody")) == [("MAIL_UNAVAILABLE", [])]
