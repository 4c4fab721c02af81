"""The mutation refreshSession."""

from typing import Any

from pocketpay.database.sessions import Database
from tests.api.token_client import ERRORS, TokenClient, sign_up, token_client
from tests.people import Owner

REFRESH = (
    "mutation ($token: String!) { refreshSession(refreshToken: $token) { tokens { accessToken refreshToken "
    "refreshTokenExpiresAt } user { username sessions { current expiresAt } } " + ERRORS + " } }"
)


async def test_a_refresh_needs_no_access_token_and_returns_both_tokens(database: Database) -> None:
    async with token_client(database) as api:
        first = await sign_up(api)
        payload = await api.data(REFRESH, "a token that has expired", token=first["refreshToken"])
        assert payload["user"] == {
            "username": "ada",
            "sessions": [{"current": True, "expiresAt": payload["tokens"]["refreshTokenExpiresAt"]}],
        }
        assert payload["tokens"]["refreshToken"] != first["refreshToken"]
        again = await api.data(REFRESH, None, token=first["refreshToken"])
        assert again["tokens"]["refreshToken"] == payload["tokens"]["refreshToken"]
        assert await api.data("{ viewer { username } }", payload["tokens"]["accessToken"]) == {"username": "ada"}


async def test_an_unknown_refresh_token_is_refused_with_its_path(database: Database) -> None:
    async with token_client(database) as api:
        payload = await api.data(REFRESH, None, token="nobody's")
        assert (payload["tokens"], payload["user"]) == (None, None)
        (error,) = payload["errors"]
        assert (error["code"], error["path"], error["retryable"]) == ("INVALID_TOKEN", ["refreshToken"], False)


async def test_a_refresh_token_expires_when_its_session_does(database: Database, owner: Owner) -> None:
    """This holds for a repeated reply too, and the expiry is never later than the maximum length of a session."""
    async with token_client(database) as api:
        first = await sign_up(api)
        assert first["refreshTokenExpiresAt"] == (await sessions_of(api, first))[0]["expiresAt"]
        await owner.execute("update sessions set expires_at = expires_at - interval '1 hour'")
        second = (await api.data(REFRESH, None, token=first["refreshToken"]))["tokens"]
        assert second["refreshTokenExpiresAt"] > first["refreshTokenExpiresAt"]
        again = (await api.data(REFRESH, None, token=first["refreshToken"]))["tokens"]
        assert again["refreshTokenExpiresAt"] == second["refreshTokenExpiresAt"]
        assert again["refreshTokenExpiresAt"] == (await sessions_of(api, again))[0]["expiresAt"]
        await owner.execute("update sessions set created_at = created_at - interval '28 days'")
        last = (await api.data(REFRESH, None, token=second["refreshToken"]))["tokens"]
        assert last["refreshTokenExpiresAt"] < second["refreshTokenExpiresAt"]


async def sessions_of(api: TokenClient, tokens: Any) -> Any:
    return (await api.data("{ viewer { sessions { expiresAt } } }", tokens["accessToken"]))["sessions"]
