"""The mutation signUp."""

from pocketpay.database.sessions import Database
from tests.api.token_client import ERRORS, SIGN_UP, token_client
from tests.people import PASSWORD, has_verified_email, has_verified_phone


async def test_the_answer_of_a_sign_up_has_the_new_wallet_and_session(database: Database) -> None:
    async with token_client(database) as api:
        form = {"username": "Ada", "name": " Ada Lovelace ", "password": PASSWORD, "phone": "+1 202 555 0123"}
        payload = await api.data(SIGN_UP, input=form, user_agent="a browser")
        assert payload["errors"] == []
        assert payload["user"] == {
            "username": "ada",
            "name": "Ada Lovelace",
            "email": None,
            "phone": "+12025550123",
            "role": "MEMBER",
            "wallet": {"currency": "USD", "balance": {"amount": "100.00"}},
            "sessions": [{"current": True, "userAgent": "a browser"}],
        }
        token = payload["tokens"]["accessToken"]
        assert payload["tokens"]["accessTokenExpiresAt"].endswith("Z")
        assert await api.data("{ viewer { username } }", token) == {"username": "ada"}


async def test_every_refusal_of_a_sign_up_has_the_path_of_its_field(database: Database) -> None:
    async with token_client(database) as api:
        form = {"username": "x", "name": "", "password": "password1234", "email": "", "phone": "1", "currency": "EUR"}
        payload = await api.data(SIGN_UP, input=form)
        assert (payload["tokens"], payload["user"]) == (None, None)
        assert [(error["code"], error["path"], error["retryable"]) for error in payload["errors"]] == [
            ("INVALID_INPUT", ["input", "username"], False),
            ("INVALID_INPUT", ["input", "name"], False),
            ("INVALID_INPUT", ["input", "email"], False),
            ("INVALID_INPUT", ["input", "phone"], False),
            ("WEAK_PASSWORD", ["input", "password"], False),
            ("INVALID_INPUT", ["input", "currency"], False),
        ]
        assert not [error for error in payload["errors"] if form["password"] in error["message"]]


async def test_a_taken_username_email_and_phone_are_reported_together(database: Database) -> None:
    async with token_client(database) as api:
        form = {
            "username": "ada",
            "name": "Ada",
            "password": PASSWORD,
            "email": "a@example.com",
            "phone": "+12025550123",
        }
        assert (await api.data(SIGN_UP, input=form))["errors"] == []
        await has_verified_email(database)
        await has_verified_phone(database)
        again = await api.data(SIGN_UP, input={**form, "username": "@ADA"[1:], "email": "A@EXAMPLE.COM"})
        assert [(error["code"], error["path"]) for error in again["errors"]] == [
            ("USERNAME_TAKEN", ["input", "username"]),
            ("EMAIL_TAKEN", ["input", "email"]),
            ("PHONE_TAKEN", ["input", "phone"]),
        ]


async def test_signing_up_too_often_is_rate_limited_with_the_seconds_to_wait(database: Database) -> None:
    async with token_client(database, sign_up_rate_per_hour=1) as api:
        form = {"username": "ada", "name": "Ada", "password": PASSWORD}
        assert (await api.data(SIGN_UP, input=form))["errors"] == []
        (error,) = (await api.data(SIGN_UP, input={**form, "username": "bea"}))["errors"]
        assert (error["code"], error["path"], error["retryable"]) == ("RATE_LIMITED", [], True)
        assert error["__typename"] == "RateLimited"
        assert 0 < error["retryAfterSeconds"] <= 3600
        assert f"{error['retryAfterSeconds']} seconds" in error["message"]


async def test_null_is_the_same_as_an_omitted_field_at_sign_up(database: Database) -> None:
    async with token_client(database) as api:
        form = {
            "username": "ada",
            "name": "Ada",
            "password": PASSWORD,
            "email": None,
            "phone": None,
            "currency": None,
        }
        mutation = "mutation ($input: SignUpInput!) { signUp(input: $input) { user { email phone } " + ERRORS + " } }"
        assert await api.data(mutation, input=form) == {"user": {"email": None, "phone": None}, "errors": []}
