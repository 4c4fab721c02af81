"""Refresh tokens in cookies: off by default, and only with a header and from an allowed origin."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from tests.api.token_client import SIGN_IN, SIGN_UP
from tests.clients import PASSWORD, Client, serving
from tests.conftest import Dsns
from tests.people import Owner

APP, OTHER_APP, STRANGE = "https://app.example", "https://two.example", "https://evil.example"
ASKS = {"x-refresh-cookie": "1", "origin": APP}
SETTINGS = {"environment": "production", "allowed_origins": f"{APP},{OTHER_APP}", "refresh_cookie": True}
NAME = "__Host-pocketpay_refresh"
FORM = {"username": "ada", "name": "Ada", "password": PASSWORD}
REFRESH = """mutation { refreshSession { tokens { accessToken refreshToken } user { username }
  errors { code path } } }"""
SIGN_OUT = "mutation { signOut { revoked } }"


@pytest.fixture
async def client(warm: None, database_dsn: Dsns) -> AsyncIterator[Client]:
    async with serving(database_dsn.server, **SETTINGS) as one:
        yield one


async def post(client: Client, query: str, cookie: str | None = None, /, **headers: str) -> httpx.Response:
    """Sends a query with the given cookie only: the client's own cookies are cleared first."""
    client.http.cookies.clear()
    variables: Any = {"input": {"login": "ada", "password": PASSWORD}} if query is SIGN_IN else {}
    if query is SIGN_UP:
        variables = {"input": FORM}
    sent = headers if cookie is None else headers | {"cookie": f"theme=dark; {NAME}={cookie}"}
    answer = await client.http.post("/graphql", json={"query": query, "variables": variables}, headers=sent)
    assert answer.status_code == 200
    return answer


def payload(answer: httpx.Response) -> Any:
    (value,) = answer.json()["data"].values()
    return value


def kept(answer: httpx.Response, name: str = NAME) -> Any:
    """The only cookie that an answer sets."""
    (line,) = answer.headers.get_list("set-cookie")
    (morsel,) = SimpleCookie(line).values()
    assert morsel.key == name
    return morsel


async def test_a_browser_session_works_with_its_cookie_alone(client: Client) -> None:
    signed_up = await post(client, SIGN_UP, **ASKS)
    assert payload(signed_up)["tokens"]["refreshToken"] == ""
    cookie = kept(signed_up)
    for _ in range(2):
        refreshed = await post(client, REFRESH, cookie.value, **ASKS)
        assert payload(refreshed)["user"] == {"username": "ada"}
        assert payload(refreshed)["tokens"]["refreshToken"] == ""
        assert kept(refreshed).value != cookie.value
        cookie = kept(refreshed)
    bearer = {"authorization": f"Bearer {payload(refreshed)['tokens']['accessToken']}"}
    ended = await post(client, SIGN_OUT, cookie.value, **ASKS, **bearer)
    assert payload(ended) == {"revoked": 1}
    assert (kept(ended).value, kept(ended)["max-age"]) == ("", "0")
    again = await post(client, REFRESH, cookie.value, **ASKS)
    assert payload(again)["errors"] == [{"code": "INVALID_TOKEN", "path": ["refreshToken"]}]


async def test_the_refresh_cookie_is_http_only_secure_same_site_and_lives_with_the_session(client: Client) -> None:
    signed_in = [await post(client, query, **ASKS) for query in (SIGN_UP, SIGN_IN)][1]
    cookie = kept(signed_in)
    assert cookie["httponly"]
    assert cookie["secure"]
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Strict", "/", "")
    assert 7 * 86_400 - 60 < int(cookie["max-age"]) <= 7 * 86_400
    assert len(cookie.value) == 43


REFUSED = {
    "no header": {"origin": APP},
    "no origin": {"x-refresh-cookie": "1"},
    "an origin that is not allowed": {"x-refresh-cookie": "1", "origin": STRANGE},
    "no origin that anybody could name": {"x-refresh-cookie": "1", "origin": "null"},
    "another host of the same site": {"x-refresh-cookie": "1", "origin": "https://evil.app.example"},
    "another scheme": {"x-refresh-cookie": "1", "origin": "http://app.example"},
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
async def test_the_refresh_cookie_is_used_only_with_the_header_and_an_allowed_origin(
    client: Client, owner: Owner, headers: dict[str, str]
) -> None:
    cookie = kept(await post(client, SIGN_UP, **ASKS)).value
    forged = await post(client, REFRESH, cookie, **headers)
    assert payload(forged)["tokens"] is None
    assert payload(forged)["errors"] == [{"code": "INVALID_TOKEN", "path": ["refreshToken"]}]
    assert "set-cookie" not in forged.headers
    assert await owner.fetchval("select count(*) from refresh_tokens where used_at is not null") == 0
    signed_in = await post(client, SIGN_IN, cookie, **headers)
    assert payload(signed_in)["tokens"]["refreshToken"] != ""
    assert "set-cookie" not in signed_in.headers
    assert payload(await post(client, REFRESH, cookie, **ASKS))["errors"] == []


async def test_a_reused_token_in_a_cookie_ends_the_session_and_clears_the_cookie(
    client: Client, owner: Owner
) -> None:
    cookie = kept(await post(client, SIGN_UP, **ASKS)).value
    await post(client, REFRESH, cookie, **ASKS)
    await owner.execute(
        "update refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null"
    )
    stolen = await post(client, REFRESH, cookie, **ASKS)
    assert payload(stolen)["errors"] == [{"code": "INVALID_TOKEN", "path": ["refreshToken"]}]
    assert (kept(stolen).value, kept(stolen)["max-age"]) == ("", "0")


async def test_refusals_and_other_requests_do_not_change_the_refresh_cookie(client: Client) -> None:
    cookie = kept(await post(client, SIGN_UP, **ASKS)).value
    taken = await post(client, SIGN_UP, cookie, **ASKS)
    assert payload(taken)["errors"] != []
    for answer in (taken, await post(client, "{ __typename }", cookie, **ASKS)):
        assert "set-cookie" not in answer.headers
    nobody = await client.http.post(
        "/graphql", json={"query": "{ viewer { id } }"}, headers=ASKS | {"cookie": cookie}
    )
    assert nobody.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_preflight_allows_the_header_only_for_allowed_origins(client: Client) -> None:
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-refresh-cookie",
    }
    for origin in (APP, OTHER_APP):
        preflight = await client.http.options("/graphql", headers=asked | {"origin": origin})
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == origin
        assert preflight.headers["access-control-allow-credentials"] == "true"
    refused = await client.http.options("/graphql", headers=asked | {"origin": STRANGE})
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


async def test_no_refresh_cookies_are_used_when_the_setting_is_off(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, **SETTINGS | {"refresh_cookie": False}) as client:
        signed_up = await post(client, SIGN_UP, **ASKS)
        token = payload(signed_up)["tokens"]["refreshToken"]
        assert payload(await post(client, REFRESH, token, **ASKS))["tokens"] is None
        assert "set-cookie" not in signed_up.headers
        assert "access-control-allow-credentials" not in signed_up.headers
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "x-refresh-cookie"}
        assert (await client.http.options("/graphql", headers=asked | {"origin": APP})).status_code == 400


async def test_in_development_the_refresh_cookie_works_without_tls(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, refresh_cookie=True) as client:
        page = ASKS | {"origin": "http://localhost:5173"}
        cookie = kept(await post(client, SIGN_UP, **page), "pocketpay_refresh")
        assert not cookie["secure"]
        sent = page | {"cookie": f"pocketpay_refresh={cookie.value}"}
        assert payload(await post(client, REFRESH, **sent))["errors"] == []
