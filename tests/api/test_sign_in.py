"""The mutation signIn."""

from pocketpay.database.sessions import Database
from tests.api.token_client import SIGN_IN, sign_up, token_client
from tests.people import PASSWORD


async def test_signing_in_opens_a_new_session(database: Database) -> None:
    async with token_client(database) as api:
        first = await sign_up(api)
        payload = await api.data(SIGN_IN, input={"login": "@ada", "password": PASSWORD}, user_agent="a telephone")
        assert payload["errors"] == []
        assert payload["tokens"]["accessToken"] != first["accessToken"]
        assert [(one["current"], one["userAgent"]) for one in payload["user"]["sessions"]] == [
            (True, "a telephone"),
            (False, None),
        ]


async def test_an_unknown_user_and_a_wrong_password_get_the_same_answer(database: Database) -> None:
    async with token_client(database) as api:
        await sign_up(api)
        answers = [
            await api.ask(SIGN_IN, input={"login": login, "password": "another one altogether"})
            for login in ("ada", "nobody_here", "ada@example.com", "\x00")
        ]
        assert all(answer == answers[0] for answer in answers)
        (error,) = answers[0]["data"]["signIn"]["errors"]
        assert (error["code"], error["path"], error["retryable"]) == ("INVALID_CREDENTIALS", [], False)


async def test_signing_in_as_another_user_shows_that_users_sessions(database: Database) -> None:
    async with token_client(database) as api:
        ada = await sign_up(api)
        await sign_up(api, "bea")
        payload = await api.data(SIGN_IN, ada["accessToken"], input={"login": "bea", "password": PASSWORD})
        assert payload["user"]["username"] == "bea"
        assert len(payload["user"]["sessions"]) == 2
        assert [one["username"] for one in [await api.data("{ viewer { username } }", ada["accessToken"])]] == ["ada"]


async def test_the_sixth_wrong_password_is_rate_limited_in_the_payload(database: Database) -> None:
    async with token_client(database) as api:
        await sign_up(api)
        wrong = {"login": "ada", "password": "another one altogether"}
        codes = [(await api.data(SIGN_IN, input=wrong))["errors"][0]["code"] for _ in range(6)]
        assert codes == ["INVALID_CREDENTIALS"] * 5 + ["RATE_LIMITED"]
        (error,) = (await api.data(SIGN_IN, input={"login": "ada", "password": PASSWORD}))["errors"]
        assert error["retryable"]
        assert error["retryAfterSeconds"] >= 1
