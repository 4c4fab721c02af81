"""Pages on other origins: which ones a server answers, and what the log says of the others."""

import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from pocketpay.serving import log
from pocketpay.serving.origins import LOG_INTERVAL_SECONDS, MAX_LOGGED, Origins
from tests.clients import Client, listening, serving
from tests.conftest import Dsns
from tests.people import made
from tests.serving.test_sockets import dialled

LOOPBACK = ("http://localhost:5173", "http://localhost", "http://127.0.0.1:3000", "http://[::1]:4200")
ELSEWHERE = (
    "https://app.example",
    "http://localhost.example:5173",
    "http://127.0.0.1.example",
    "http://localhost:5173@evil.example",
    "http://localhost:x",
    "null",
)
ASK: dict[str, Any] = {"json": {"query": "{ __typename }"}}


async def cors(client: Client, origin: str) -> str | None:
    """The origin that a page on `origin` may read the answer from, by a preflight and the request after it."""
    preflight = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    before = await client.http.options("/graphql", headers=preflight)
    after = await client.http.post("/graphql", headers={"origin": origin}, **ASK)
    allowed: list[str | None] = [r.headers.get("access-control-allow-origin") for r in (before, after)]
    assert allowed[0] == allowed[1]
    assert before.status_code == (200 if allowed[0] else 400)
    return allowed[0]


async def test_pages_of_this_machine_are_answered_in_development(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as client, listening(client) as server:
        for origin in LOOPBACK:
            assert await cors(client, origin) == origin
            async with dialled(server, origin=origin):
                pass
        for origin in ELSEWHERE:
            assert await cors(client, origin) is None
            with pytest.raises(InvalidStatus) as refused:
                async with dialled(server, origin=origin):
                    pass
            assert refused.value.response.status_code == 403


async def test_pages_of_this_machine_are_not_answered_in_production(database_dsn: Dsns) -> None:
    for named in ("", "https://app.example/"):
        async with (
            serving(database_dsn.server, environment="production", allowed_origins=named) as client,
            listening(client) as server,
        ):
            for origin in LOOPBACK:
                assert await cors(client, origin) is None
                with pytest.raises(InvalidStatus):
                    async with dialled(server, origin=origin):
                        pass
            if named:
                assert await cors(client, "https://app.example") == "https://app.example"
                async with dialled(server, origin="https://app.example"):
                    pass


async def test_refused_origin_is_logged_once_with_what_to_do(
    database_dsn: Dsns, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(database_dsn.server) as client, listening(client) as server:
        for origin in ("https://one.example", "https://two.example", "https://one.example"):
            await cors(client, origin)
            with pytest.raises(InvalidStatus):
                async with dialled(server, origin=origin):
                    pass
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "origin_refused" in line]
    assert [line["origin"] for line in lines] == ["https://one.example", "https://two.example"]
    assert all("ALLOWED_ORIGINS" in line["text"] for line in lines)


async def test_page_of_the_server_itself_is_not_logged(
    database_dsn: Dsns, capsys: pytest.CaptureFixture[str]
) -> None:
    for environment in ("development", "production"):
        async with serving(database_dsn.server, environment=environment) as client:
            proxied = {"origin": "https://pay.example", "sec-fetch-site": "same-origin"}
            for headers in ({"origin": "http://here"}, proxied):
                assert (await client.http.post("/graphql", headers=headers, **ASK)).status_code == 200
    assert capsys.readouterr().err == ""


def logged(capsys: pytest.CaptureFixture[str]) -> int:
    return capsys.readouterr().err.count("origin_refused")


def test_log_of_refused_origins_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(made())
    now = 0.0
    origins = Origins((), loopback=False, clock=lambda: now)
    for _ in range(2):
        for number in range(10 * MAX_LOGGED):
            origins.log_refusal(f"https://a{number}.example")
    assert logged(capsys) == MAX_LOGGED
    now = LOG_INTERVAL_SECONDS - 1
    origins.log_refusal("https://a0.example")
    assert logged(capsys) == 0
    now = LOG_INTERVAL_SECONDS
    origins.log_refusal("https://a0.example")
    origins.log_refusal("https://a0.example")
    assert logged(capsys) == 1


@pytest.mark.parametrize("sent", ["a password", "https://" + "x" * 300 + ".example", "https://a.example/token"])
def test_what_is_no_origin_is_not_written_down(sent: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(made())
    Origins((), loopback=False).log_refusal(sent)
    said = capsys.readouterr().err
    assert "not an origin" in said
    assert sent not in said


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
async def test_root_leads_to_graphql_in_development_alone(database_dsn: Dsns, accept: str) -> None:
    async with serving(database_dsn.server) as client:
        answer = await client.http.get("/", headers={"accept": accept})
        assert (answer.status_code, answer.headers["location"]) == (307, "/graphql")
    async with serving(database_dsn.server, environment="production") as client:
        assert (await client.http.get("/", headers={"accept": accept})).status_code == 404
