"""The mutations requestEmailVerification and verifyEmail."""

from typing import Any

import pytest

from pocketpay.database.sessions import Database
from tests.api.token_client import ERRORS, SIGN_UP, TokenClient, sign_up, token_client
from tests.identity.mailbox import last
from tests.people import PASSWORD, Owner

REQUEST = "mutation { requestEmailVerification { user { email emailVerified } " + ERRORS + " } }"
VERIFY = (
    "mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { user { email emailVerified } "
    + ERRORS
    + " } }"
)
MAIL = "ada@example.com"


async def sign_up_with_email(api: TokenClient) -> str:
    """Signs up a user with an email address and returns the access token."""
    form = {"username": "ada", "name": "Ada", "password": PASSWORD, "email": MAIL}
    token: str = (await api.data(SIGN_UP, input=form))["tokens"]["accessToken"]
    return token


def refusals(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["errors"]]


@pytest.mark.parametrize("way", ["code", "token"])
async def test_an_address_is_verified_by_the_code_or_the_link_sent_to_it(
    database: Database, owner: Owner, way: str
) -> None:
    async with token_client(database, public_url="https://app.example.com") as api:
        ada = await sign_up_with_email(api)
        assert await api.data(REQUEST, ada) == {"user": {"email": MAIL, "emailVerified": False}, "errors": []}
        mail = await last(api.services, owner)
        verified = await api.data(VERIFY, ada, input={way: getattr(mail, way)})
        assert verified == {"user": {"email": MAIL, "emailVerified": True}, "errors": []}
        assert await api.data("{ viewer { emailVerified } }", ada) == {"emailVerified": True}


@pytest.mark.parametrize(
    ("shown", "refused"),
    [
        ({"code": "1234 5678"}, ("INVALID_CODE", ["input", "code"])),
        ({"code": "no digits"}, ("INVALID_CODE", ["input", "code"])),
        ({"token": "x"}, ("INVALID_CODE", ["input", "token"])),
        ({"token": "A" * 64, "code": None}, ("INVALID_CODE", ["input", "token"])),
        ({}, ("INVALID_INPUT", ["input", "code"])),
        ({"code": "", "token": ""}, ("INVALID_INPUT", ["input", "code"])),
        ({"code": "12345678", "token": "A" * 64}, ("INVALID_INPUT", ["input", "code"])),
    ],
)
async def test_a_refused_verification_has_the_path_of_the_bad_field(
    database: Database, shown: dict[str, str], refused: tuple[str, list[str]]
) -> None:
    async with token_client(database) as api:
        ada = await sign_up_with_email(api)
        await api.data(REQUEST, ada)
        payload = await api.data(VERIFY, ada, input=shown)
        assert payload["user"] is None
        assert refusals(payload) == [refused]


async def test_a_request_without_an_address_or_without_mail_is_refused(database: Database) -> None:
    async with token_client(database) as api:
        payload = await api.data(REQUEST, (await sign_up(api))["accessToken"])
        assert refusals(payload) == [("INVALID_INPUT", [])]
    async with token_client(database, environment="production", secret_key="x" * 32) as api:
        payload = await api.data(REQUEST, (await sign_up(api, "bea"))["accessToken"])
        assert refusals(payload) == [("MAIL_UNAVAILABLE", [])]


async def test_requesting_too_many_codes_is_rate_limited(database: Database) -> None:
    async with token_client(database) as api:
        ada = await sign_up_with_email(api)
        for _ in range(5):
            assert (await api.data(REQUEST, ada))["errors"] == []
        (error,) = (await api.data(REQUEST, ada))["errors"]
        assert (error["code"], error["retryable"]) == ("RATE_LIMITED", True)
