"""The stand-in as an application: in a process of its own (__main__.py), or inside a test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from stripe._api_version import _ApiVersion

from tests.stripe_stand_in import control, pages, progress
from tests.stripe_stand_in.api import Api
from tests.stripe_stand_in.faults import Dropped
from tests.stripe_stand_in.store import Store
from tests.stripe_stand_in.webhooks import PAUSE, Sender
from tests.stripe_stand_in.world import World

KEY = "sk_test_stand_in"
WEBHOOK_SECRET = "whsec_stand_in"

VERBS = ["GET", "POST", "DELETE"]


@dataclass(slots=True)
class StandIn:
    """A stand-in: its state, its API, its webhook's sender and its application."""

    world: World
    api: Api
    sender: Sender
    with_control: bool = True

    @property
    def app(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """Returns the ASGI application. A dropped request closes its connection."""
        inner = Starlette(
            routes=[
                Route("/v1/{path:path}", self.api.answer, methods=VERBS),
                Route("/control/{path:path}", self._control, methods=VERBS),
                Route("/hosted/{kind}/{token}", self._page, methods=["GET", "POST"]),
            ],
            lifespan=self._lifespan,
        )

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await inner(scope, receive, send)
            except Dropped:
                transport = getattr(getattr(send, "__self__", None), "transport", None)
                if transport is None:
                    raise
                transport.abort()
                await asyncio.sleep(0)

        return app

    def transport(self) -> httpx.AsyncBaseTransport:
        """Returns a transport for clients in this process."""
        return _InProcess(self.app)

    def close(self) -> None:
        self.world.store.close()

    async def _control(self, request: Request) -> Response:
        if not self.with_control:
            return JSONResponse({"error": {"message": "The stand-in was started without --control."}}, 403)
        return await control.answer(self, request)

    async def _page(self, request: Request) -> Response:
        return await pages.answer(self.world, request)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.sender.run()), asyncio.create_task(self._advance())]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _advance(self) -> None:
        while True:
            progress.advance(self.world)
            await asyncio.sleep(PAUSE)


class _InProcess(httpx.AsyncBaseTransport):
    """Calls the application. A dropped connection is a ReadError, as on a socket."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._inner = httpx.ASGITransport(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except Dropped as dropped:
            raise httpx.ReadError("the connection was dropped") from dropped


def stand_in(
    path: Path | str = ":memory:",
    *,
    key: str = KEY,
    base: str = "http://stripe.test",
    webhook: str | None = None,
    secret: str = WEBHOOK_SECRET,
    settle_after: float | None = None,
    with_control: bool = True,
    webhook_client: httpx.AsyncClient | None = None,
    **more: Any,
) -> StandIn:
    """Returns a stand-in whose state is in that file."""
    world = World(Store(path), _ApiVersion.CURRENT, base, settle_after)
    # Without certificates, which take 50 ms to load: the webhook is on this machine.
    client = webhook_client or httpx.AsyncClient(timeout=30, transport=httpx.AsyncHTTPTransport(verify=False))
    sender = Sender(world, client, webhook, secret, **more)
    return StandIn(world, Api(world, key), sender, with_control)
