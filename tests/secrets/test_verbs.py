"""Secrets go through every mutation that takes or returns one, while statements and code fail on the way.

The server logs at level debug. Errors of the database quote the parameters of their statement, and errors of the
code quote their arguments, as a bug could.
"""

import inspect
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import structlog

from pocketpay.app import create_app
from pocketpay.cards import number as card_number
from pocketpay.cards.number import Secrets
from pocketpay.database.sessions import Session
from pocketpay.identity import passwords, throttle, tokens
from tests.clients import Client, Person
from tests.conftest import Dsns
from tests.fuzz.served import request
from tests.people import PASSWORD, SECRET, Owner, has_verified_email, made
from tests.secrets.planted import Planted, whole_database
from tests.secrets.verbs import VERBS, Request
from tests.serving.connections.raw_http import Peer, Raw, raw
from tests.serving.socket_client import socket

CARD = Secrets("9999991357924689", "531")
DEBUGGING = {
    "development": {},
    "production": {"allowed_origins": "", "sign_up_rate_per_hour": 10_000, "sign_in_rate_per_minute": 10_000},
}
STATEMENTS = 4
"""The number of statements of a request that fail, one in each run."""

METHODS = ("fetch", "fetchrow", "fetchval", "execute")


class Faults:
    """Makes one statement or one call of the current request fail, with an error that quotes its values."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statement: int | None = None
        self.call: str | None = None
        self.failed = 0
        for name in METHODS:
            monkeypatch.setattr(Session, name, self._statement(getattr(Session, name)))
        for owner, name in CALLS:
            is_static = isinstance(inspect.getattr_static(owner, name), staticmethod)
            called = self._called(name, getattr(owner, name))
            monkeypatch.setattr(owner, name, staticmethod(called) if is_static else called)

    def _statement(self, usual: Callable[..., Any]) -> Callable[..., Any]:
        async def statement(session: Session, sql: str, *arguments: Any) -> Any:
            if self.statement is not None and arguments:
                self.statement -= 1
                if self.statement < 0:
                    self.statement = None
                    self.failed += 1
                    raise asyncpg.DataError(f"invalid input for query argument: {arguments!r} in {sql}")
            return await usual(session, sql, *arguments)

        return statement

    def _called(self, name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **more: Any) -> Any:
            if self.call == name:
                self.call = None
                self.failed += 1
                raise RuntimeError(f"{name} failed for {arguments!r} {more!r}")
            return usual(*arguments, **more)

        async def called_and_awaited(*arguments: Any, **more: Any) -> Any:
            return await called(*arguments, **more)

        return called_and_awaited if inspect.iscoroutinefunction(usual) else called


CALLS: tuple[tuple[Any, str], ...] = (
    (passwords.Passwords, "verify"),
    (passwords.Passwords, "hash"),
    (passwords, "require_strong"),
    (throttle.Throttle, "sign_in_from"),
    (tokens.RefreshTokens, "hash_of"),
    (tokens.RefreshTokens, "successors"),
    (tokens.AccessTokens, "issue"),
    (card_number, "new"),
)
"""Functions that get a secret, or make one, and can fail."""


@asynccontextmanager
async def serving(dsns: Dsns, environment: str) -> AsyncIterator[tuple[Client, Raw]]:
    """A server at level debug, over our HTTP protocol."""
    settings = made(environment=environment, log_level="debug", **DEBUGGING[environment])
    app = create_app(settings, server_dsn=dsns.server, secret_keys=SECRET)
    async with (
        app.router.lifespan_context(app),
        raw(responder=app.state.responder, other=app, body_bytes=327_680) as http,
    ):
        yield Client(app, None), http  # type: ignore[arg-type]


async def post(peer: Peer, asked: Request, person: Person | None, planted: Planted) -> tuple[dict[str, Any], bytes]:
    """Sends a request and plants the secrets of its answer. Returns the answer, parsed and as it was sent."""
    body = json.dumps({"query": asked[0], "variables": asked[1]}).encode()
    await peer.send(request(body, person.token if person else None))
    _, _, answer = await peer.answer(30)
    response = json.loads(answer)
    for payload in (response.get("data") or {}).values():
        for name, value in ((payload or {}).get("tokens") or {}).items():
            planted.add(value, f"{name} of an answer")
    return response, answer


async def read_statement(http: Raw, peer: Peer, person: Person, planted: Planted, faults: Faults) -> None:
    """Gets a signed link and follows it: once with a failing statement, once changed."""
    query = '{ wallet { statement(month: "2026-01") { csvUrl } } }'
    response, _ = await post(peer, (query, {}), person, planted)
    path = response["data"]["wallet"]["statement"]["csvUrl"]
    planted.add(path.rpartition("=")[2], "the signature of a link")
    for one, fault in ((path, 0), (path, None), (path[:-1], None)):
        faults.statement = fault
        reader = await http.peer()
        await reader.send(b"GET %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n" % one.encode())
        assert planted.found_in((await reader.ended(30)).decode()) == []
    faults.statement = None


@pytest.fixture(autouse=True)
def fresh_loggers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loggers keep the configuration of their first use, here that of another test; a server has only one."""
    for name, module in list(sys.modules.items()):
        for attribute in ("log", "logger"):
            if name.startswith("pocketpay.") and hasattr(getattr(module, attribute, None), "bind"):
                monkeypatch.setattr(module, attribute, structlog.get_logger(name))


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_no_log_error_or_row_contains_a_secret(
    database_dsn: Dsns,
    owner: Owner,
    environment: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(card_number, "new", lambda: CARD)
    planted = Planted(
        {PASSWORD: "the password of ada", SECRET[0].decode(): "SECRET_KEY", CARD.number: "a card number"}
    )
    faults = Faults(monkeypatch)
    async with serving(database_dsn, environment) as (client, http):
        peer = await http.peer()
        ada = await client.sign_up("ada", raw_email="ada@example.com", raw_phone="+12025550123")
        await has_verified_email(client.services.database)
        planted.add(ada.token, "an access token")
        planted.add(ada.refresh_token, "a refresh token")
        number = 0
        for verb, requests in VERBS.items():
            for make in requests:
                for fault in (None, *range(STATEMENTS), *(name for _, name in CALLS)):
                    number += 1
                    faults.statement = fault if isinstance(fault, int) else None
                    faults.call = fault if isinstance(fault, str) else None
                    asked = make(planted, number)
                    response, answer = await post(peer, asked, ada, planted)
                    faults.statement = faults.call = None
                    assert fault is not None or "data" in response, (verb, response)
                    if "errors" in response or any((one or {}).get("errors") for one in response["data"].values()):
                        assert planted.found_in(answer.decode()) == [], (verb, fault, answer)
        assert faults.failed > 40, "the faults happen"
        await read_statement(http, peer, ada, planted, faults)
        async with socket(f"http://127.0.0.1:{http.port}", ada.token) as opened:
            faults.statement = 0
            message = await (await opened.subscribe("{ viewer { sessions { id } } }")).messages.get()
            assert planted.found_in(json.dumps(message)) == []
        active = await owner.fetch("select query from pg_stat_activity where query <> ''")
        assert planted.found_in("\n".join(row[0] for row in active)) == []
        assert planted.found_in(client.app.state.server_context.metrics.text().decode()) == []
    written = "".join(capfd.readouterr())
    assert "field_failed" in written
    assert "invalid input for query argument" in written or environment == "production"
    lines = [line for line in written.splitlines() if planted.found_in(line)]
    assert lines == [], planted.found_in("\n".join(lines))
    rows = await whole_database(owner)
    assert "4689" in rows, "the search finds what is stored"
    assert planted.found_in(rows) == []
