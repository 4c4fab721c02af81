"""The mutations requestPhoneVerification and verifyPhone."""

import pytest

from pocketpay.database.sessions import Database
from tests.api.test_verify_email import refusals
from tests.api.token_client import ERRORS, SIGN_UP, TokenClient, sign_up, token_client
from tests.identity.mailbox import last
from tests.people import PASSWORD, Owner

PHONE = "+12025550123"
REQUEST = "mutation { requestPhoneVerification { user { phone phoneVerified } " + ERRORS + " } }"
VERIFY = (
    "mutation ($input: VerifyPhoneInput!) { verifyPhone(input: $input) { user { phone phoneVerified } "
    + ERRORS
    + " } }"
)


async def sign_up_with_phone(api: TokenClient) -> str:
    """Signs up a user with a phone number and returns the access token."""
    form = {"username": "ada", "name": "Ada", "password": PASSWORD, "phone": PHONE}
    token: str = (await api.data(SIGN_UP, input=form))["tokens"]["accessToken"]
    return token


async def test_a_number_is_verified_by_the_code_sent_to_it(database: Database, owner: Owner) -> None:
    async with token_client(database) as api:
        ada = await sign_up_with_phone(api)
        assert await api.data(REQUEST, ada) == {"user": {"phone": PHONE, "phoneVerified": False}, "errors": []}
        code = (await last(api.services, owner)).code
        verified = await api.data(VERIFY, ada, input={"code": code})
        assert verified == {"user": {"phone": PHONE, "phoneVerified": True}, "errors": []}
        assert await api.data("{ viewer { phoneVerified } }", ada) == {"phoneVerified": True}


@pytest.mark.parametrize("code", ["", "123", "no digits", "1234567890", "\u0660" * 6])
async def test_a_wrong_code_is_refused_with_its_path(database: Database, code: str) -> None:
    async with token_client(database) as api:
        ada = await sign_up_with_phone(api)
        await api.data(REQUEST, ada)
        payload = await api.data(VERIFY, ada, input={"code": code})
        assert payload["user"] is None
        assert refusals(payload) == [("INVALID_CODE", ["input", "code"])]


async def test_a_request_without_a_number_or_without_text_messages_is_refused(database: Database) -> None:
    async with token_client(database) as api:
        payload = await api.data(REQUEST, (await sign_up(api))["accessToken"])
        assert refusals(payload) == [("INVALID_INPUT", [])]
    async with token_client(database, environment="production", secret_key="x" * 32) as api:
        payload = await api.data(REQUEST, (await sign_up(api, "bea"))["accessToken"])
        assert refusals(payload) == [("TEXT_MESSAGES_UNAVAILABLE", [])]


async def test_requesting_too_many_codes_is_rate_limited(database: Database) -> None:
    async with token_client(database) as api:
        ada = await sign_up_with_phone(api)
        for _ in range(5):
            assert (await api.data(REQUEST, ada))["errors"] == []
        (error,) = (await api.data(REQUEST, ada))["errors"]
        assert (error["code"], error["retryable"]) == ("RATE_LIMITED", True)
