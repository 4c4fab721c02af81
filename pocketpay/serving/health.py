"""Endpoints for operations: /healthz (liveness), /readyz (readiness) and /metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from hmac import compare_digest

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from pocketpay.database import clocks, revisions
from pocketpay.database.errors import WrongRevision
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database
from pocketpay.serving import exposition
from pocketpay.serving.exchange import NoAnswer
from pocketpay.serving.metrics import Metrics
from pocketpay.settings import Settings
from pocketpay.updates.listener import Listener

READY_SECONDS = 2.0
"""Seconds to wait for the database; after that the server is not ready."""


class Health:
    """The endpoints. `database` and `listener` are None until the server has opened them."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings, self._metrics = settings, metrics
        self.database: Database | None = None
        self.listener: Listener | None = None
        self.stopping = False
        """Whether the server has been asked to stop. Then it still serves, but reports that it is not ready."""
        self.refresh: Callable[[], Awaitable[None]] | None = None
        """Reads the values of the metrics that need the database; None until the server is open."""
        self.all_workers: Callable[[], Awaitable[bytes]] | None = None
        """Returns the metrics of all workers; None when this is the only one."""
        self._check: asyncio.Task[dict[str, str]] | None = None

    async def healthz(self, request: Request) -> Response:
        """Returns 200 while the process runs."""
        return PlainTextResponse("ok")

    async def readyz(self, request: Request) -> Response:
        """Returns 200 when the server is ready for requests, else 503; the body has the state of each part.

        A wrong clock is reported, and is no reason for 503: the wrong clock may be the database's, and then all
        servers report it.
        """
        # The endpoint needs no token, so concurrent requests share one check, which takes one database connection.
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._check_parts(), name="readiness")
        states = {"server": "stopping" if self.stopping else "ok", **await asyncio.shield(self._check)}
        ready = all(state == "ok" for part, state in states.items() if part != "clock")
        return JSONResponse(states, status_code=200 if ready else 503)

    async def _check_parts(self) -> dict[str, str]:
        """Returns the state of each part, within READY_SECONDS."""
        states = {"database": "ok", "revision": "ok", "listener": "ok", "clock": "ok"}
        try:
            if self.database is None:
                raise ServiceBusy("not open")
            async with asyncio.timeout(READY_SECONDS), self.database.read() as session:
                states["clock"] = clocks.difference(await clocks.seconds_ahead(session)) or "ok"
                await revisions.check(session)
        except WrongRevision:
            states["revision"] = "does not support this server"
        except (ServiceBusy, TimeoutError):
            states["database"] = states["revision"] = states["clock"] = "no answer"
        if self.listener is None or not self.listener.listening:
            states["listener"] = "not listening"
        return states

    async def metrics(self, request: Request) -> Response:
        """Returns the metrics of all workers to requests with METRICS_TOKEN. In development no token is needed when
        METRICS_TOKEN is not set."""
        token = self._settings.metrics_token
        if token is None and self._settings.production:
            return PlainTextResponse("Not Found", status_code=404)
        header = request.headers.get("authorization", "")
        if token is not None and not compare_digest(header.encode(), f"Bearer {token.get_secret_value()}".encode()):
            return PlainTextResponse("Unauthorized", status_code=401, headers={"WWW-Authenticate": "Bearer"})
        if self.refresh is not None:
            await self.refresh()
        try:
            if self.all_workers is not None:
                text = await self.all_workers()
            else:  # in a thread: with all its series this takes 10 ms, in which requests go on
                text = await asyncio.to_thread(exposition.text, self._metrics.alone())
        except NoAnswer:
            return PlainTextResponse("The supervisor of the workers does not answer.", status_code=503)
        return Response(text, media_type="text/plain; version=0.0.4")
