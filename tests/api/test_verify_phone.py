"""The mutations requestPhoneVerification and verifyPhone."""

import pytest

from pocketpay.database.sessions import Database
from tests.api.at_the_door import ERRORS, SIGN_UP, Street, newcomer, street
from tests.api.test_verify_email import refusals
from tests.identity.mailbox import last
from tests.people import PASSWORD, Owner

PHONE = "+12025550123"
REQUEST = "mutation { requestPhoneVerification { user { phone phoneVerified } " + ERRORS + " } }"
VERIFY = (
    "mutation ($input: VerifyPhoneInput!) { verifyPhone(input: $input) { user { phone phoneVerified } "
    + ERRORS
    + " } }"
)


async def somebody(at: Street) -> str:
    """Signs up a user with a phone number and returns the access token."""
    form = {"username": "ada", "name": "Ada", "password": PASSWORD, "phone": PHONE}
    token: str = (await at.data(SIGN_UP, input=form))["tokens"]["accessToken"]
    return token


async def test_a_number_is_verified_by_the_code_sent_to_it(database: Database, owner: Owner) -> None:
    async with street(database) as at:
        ada = await somebody(at)
        assert await at.data(REQUEST, ada) == {"user": {"phone": PHONE, "phoneVerified": False}, "errors": []}
        code = (await last(at.services, owner)).code
        verified = await at.data(VERIFY, ada, input={"code": code})
        assert verified == {"user": {"phone": PHONE, "phoneVerified": True}, "errors": []}
        assert await at.data("{ viewer { phoneVerified } }", ada) == {"phoneVerified": True}


@pytest.mark.parametrize("code", ["", "123", "no digits", "1234567890", "\u0660" * 6])
async def test_a_wrong_code_is_refused_with_its_path(database: Database, code: str) -> None:
    async with street(database) as at:
        ada = await somebody(at)
        await at.data(REQUEST, ada)
        payload = await at.data(VERIFY, ada, input={"code": code})
        assert payload["user"] is None
        assert refusals(payload) == [("INVALID_CODE", ["input", "code"])]


async def test_a_request_without_a_number_or_without_text_messages_is_refused(database: Database) -> None:
    async with street(database) as at:
        payload = await at.data(REQUEST, (await newcomer(at))["accessToken"])
        assert refusals(payload) == [("INVALID_INPUT", [])]
    async with street(database, environment="production", secret_key="x" * 32) as at:
        payload = await at.data(REQUEST, (await newcomer(at, "bea"))["accessToken"])
        assert refusals(payload) == [("TEXT_MESSAGES_UNAVAILABLE", [])]


async def test_requesting_too_many_codes_is_rate_limited(database: Database) -> None:
    async with street(database) as at:
        ada = await somebody(at)
        for _ in range(5):
            assert (await at.data(REQUEST, ada))["errors"] == []
        (error,) = (await at.data(REQUEST, ada))["errors"]
        assert (error["code"], error["retryable"]) == ("RATE_LIMITED", True)
