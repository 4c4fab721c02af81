"""The real server in this process, on the test's own database: everything except the network."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from pocketpay.api.context import Services
from pocketpay.app import create_app
from tests.checked_plans import check_plans
from tests.conftest import Dsns
from tests.people import PASSWORD, SECRET, arrive, made
from tests.updates.waiting import until
from tests.valid_documents import remember_valid_documents

__all__ = ["PASSWORD", "Client", "Person"]

WITHOUT_COST = {"x-pocketpay-cost": "0"}
"""Responses do not contain their cost, except in the test that asks for it."""


@dataclass
class Person:
    """A signed-up user, with the tokens of their session."""

    username: str
    token: str
    refresh_token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Client:
    """A server in this process, with methods to call it."""

    def __init__(self, app: Starlette, http: httpx.AsyncClient) -> None:
        self.app, self.http = app, http

    @property
    def services(self) -> Services:
        services: Services | None = self.app.state.server_context.services
        assert services is not None
        return services

    @property
    def view(self) -> Any:
        """The view at /graphql, without the handler in front of it."""
        return next(getattr(route, "app") for route in self.app.routes if getattr(route, "path", "") == "/graphql")  # noqa: B009

    async def sign_up(self, username: str = "ada", **more: str) -> Person:
        admission = await arrive(self.services.identity, username, **more)
        return Person(username, admission.tokens.access_token, admission.tokens.refresh_token)

    async def post(
        self, query: str, variables: dict[str, Any] | None = None, *, by: Person | None = None, **more: Any
    ) -> Any:
        """Sends a document. Returns the whole response, parsed from JSON."""
        body = {"query": query, "variables": variables, **more}
        response = await self.http.post("/graphql", json=body, headers=by.bearer if by else {})
        return response.json()

    async def data(self, query: str, variables: dict[str, Any] | None = None, *, by: Person | None = None) -> Any:
        """Sends a document. Returns the data of the response, which must have no errors."""
        answer = await self.post(query, variables, by=by)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@asynccontextmanager
async def serving(dsn: str, **settings: object) -> AsyncIterator[Client]:
    """Opens a server with those settings, and closes it. The result of each plan is compared with the executor's."""
    app = create_app(made(**settings), server_dsn=dsn, secret_keys=SECRET)
    check_plans(app.state.server_context.execution)
    remember_valid_documents(app.state.server_context.execution.documents)
    async with AsyncExitStack() as open_:
        await open_.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, client=("192.0.2.10", 50_000))
        http = httpx.AsyncClient(transport=transport, base_url="http://here", headers=WITHOUT_COST)
        yield Client(app, await open_.enter_async_context(http))


@pytest.fixture
async def client(warm: None, database_dsn: Dsns) -> AsyncIterator[Client]:
    async with serving(database_dsn.server) as one:
        yield one


@dataclass
class Listening:
    """A server behind a real port."""

    client: Client
    port: int
    server: uvicorn.Server

    def stop(self) -> None:
        self.server.should_exit = True


class _Server(uvicorn.Server):
    """Ends within 5 ms of `should_exit`; uvicorn looks at it ten times a second."""

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.should_exit:  # noqa: ASYNC110  # it is a plain flag
            await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(
    client: Client, *, http: "type[asyncio.Protocol] | Literal['auto']" = "auto"
) -> AsyncIterator[Listening]:
    """Runs the client's server on a loopback port, for tests that need a socket. `http` is the HTTP protocol; "auto"
    is uvicorn's."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        client.app,
        http=http,
        ws="websockets-sansio",
        ws_max_size=65_536,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    # Not `serve`: pytest handles the signals.
    task = asyncio.create_task(server._serve(sockets=[door]))
    await until(lambda: server.started or task.done())
    try:
        yield Listening(client, door.getsockname()[1], server)
    finally:
        server.should_exit = True
        await task
        door.close()


@pytest.fixture
async def server(client: Client) -> AsyncIterator[Listening]:
    async with listening(client) as one:
        yield one
