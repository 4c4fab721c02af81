"""The door of refreshSession."""

from pocketpay.database.sessions import Database
from tests.api.at_the_door import ERRORS, newcomer, street

REFRESH = (
    "mutation ($token: String!) { refreshSession(refreshToken: $token) { tokens { accessToken refreshToken } "
    "user { username sessions { current } } " + ERRORS + " } }"
)


async def test_refresh_needs_no_access_token_and_gives_both(database: Database) -> None:
    async with street(database) as at:
        first = await newcomer(at)
        payload = await at.data(REFRESH, "a token that has expired", token=first["refreshToken"])
        assert payload["user"] == {"username": "ada", "sessions": [{"current": True}]}
        assert payload["tokens"]["refreshToken"] != first["refreshToken"]
        again = await at.data(REFRESH, None, token=first["refreshToken"])
        assert again["tokens"]["refreshToken"] == payload["tokens"]["refreshToken"]
        assert await at.data("{ viewer { username } }", payload["tokens"]["accessToken"]) == {"username": "ada"}


async def test_token_that_is_good_for_nothing_is_refused_by_name(database: Database) -> None:
    async with street(database) as at:
        payload = await at.data(REFRESH, None, token="nobody's")
        assert (payload["tokens"], payload["user"]) == (None, None)
        (error,) = payload["errors"]
        assert (error["code"], error["path"], error["retryable"]) == ("INVALID_TOKEN", ["refreshToken"], False)
