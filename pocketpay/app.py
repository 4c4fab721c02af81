"""The Starlette application: what lives as long as the server, and what answers at which address.

/graphql          POST: the handler, in front of everything; GET, websockets and the explorer: the view
/                 a redirect to /graphql, in development
/healthz          200 while the process runs
/readyz           200 when the database answers, is of our revision, and its listener listens; else 503
/metrics          for Prometheus, to whoever shows METRICS_TOKEN
/schema.graphql   the schema as text, in development
/explorer/...     the explorer's files, and the newest mails for its bar, in development
/statements/…csv  a month of a wallet as a file, to whoever holds a link that we signed

opens   database ─► desk (house accounts, clearing) ─► identity ─► hub: gate, sockets, feeds, policy
        ─► listener ─► sweeper ─► mail sender
closes  in the other order; the clearing finishes what it has
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from pocketpay.api.context import Services
from pocketpay.api.feeds import Feeds
from pocketpay.api.loaders import Reads
from pocketpay.api.rates import Rates
from pocketpay.api.schema import build, schema, sdl
from pocketpay.api.statement_link import PATH, StatementLinks
from pocketpay.clearing.policy import PolicyInForce
from pocketpay.database.sessions import Database
from pocketpay.explorer import mails as explorer_mails
from pocketpay.explorer import routes as explorer
from pocketpay.identity import sweeper as identity_sweeper
from pocketpay.identity.services import IdentityServices
from pocketpay.mail.channels import Channel, Email, TextMessages
from pocketpay.mail.message import Sender
from pocketpay.mail.recent import RecentMail, recent
from pocketpay.mail.sender import Counts, MailSender
from pocketpay.mail.shown import ShownMail
from pocketpay.mail.smtp import Server as SmtpServer
from pocketpay.mail.smtp import SmtpDelivery
from pocketpay.mail.text_messages import SimulatedTextProvider
from pocketpay.onboarding import welcome, welcome_bonus
from pocketpay.onboarding.lock_out import require_unlocked
from pocketpay.operations.audits import Audits
from pocketpay.operations.services import OperatorServices
from pocketpay.payments.desk import Desk
from pocketpay.payments.sweeper import sweep_forever
from pocketpay.serving import http, log, trusted
from pocketpay.serving.connections.connections import Connections
from pocketpay.serving.connections.limits import ConnectionLimits
from pocketpay.serving.cookies import Cookies
from pocketpay.serving.documents import Documents
from pocketpay.serving.execution import Execution
from pocketpay.serving.handler import Handler, PostResponder
from pocketpay.serving.headers import Headers
from pocketpay.serving.health import Health
from pocketpay.serving.limits import Limits
from pocketpay.serving.metrics import Metrics
from pocketpay.serving.origins import Cors, Origins
from pocketpay.serving.registry import Revocations, Sockets
from pocketpay.serving.resolvers import with_fast_resolvers
from pocketpay.serving.server_context import ServerContext
from pocketpay.serving.statement_csv import StatementFiles
from pocketpay.serving.view import View
from pocketpay.settings import Settings, TrustedDocuments
from pocketpay.updates.hub import Hub
from pocketpay.updates.listener import Listener

logger = structlog.get_logger(__name__)

REQUESTS_PER_SECOND = 300
"""Of one user, in production unless set otherwise; twice that at once."""

ANONYMOUS_PER_SECOND = 20
"""Without a valid token from one address, in production unless set otherwise; twice that at once. Thousands of
customers behind one address sign in and renew their tokens with less."""

SHORT = with_fast_resolvers(build())
"""The schema as this server executes it."""


def create_app(settings: Settings, *, server_dsn: str, secret_key: bytes) -> Starlette:
    """A whole server over the database at `server_dsn`; it opens with the ASGI lifespan."""
    log.configure(settings)
    metrics = Metrics()
    documents = Documents(SHORT, Limits.of(settings), introspection=not settings.production)
    sockets = Sockets(max_per_address=settings.sockets_per_address, max_per_user=settings.sockets_per_user)
    anonymous_rates = _anonymous_rates(settings)
    _trust(documents, settings)
    execution = Execution(
        SHORT,
        documents,
        turns=anonymous_rates is not None,
        only_trusted=settings.trusted_documents_mode is TrustedDocuments.ONLY,
    )
    server_context = ServerContext(execution, metrics, sockets, _rates(settings), anonymous_rates)
    origins = Origins(settings.origins, loopback=not settings.production)
    view = View(
        schema, server_context, settings, origins=origins, page=None if settings.production else explorer.page
    )
    health = Health(settings, metrics)
    server = Server(settings, server_dsn, secret_key, server_context, health)
    responder = PostResponder(server_context, settings, Cookies.of(settings, origins))
    app = Starlette(
        routes=[
            Route("/graphql", view),
            WebSocketRoute("/graphql", view),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
            Route("/metrics", health.metrics),
            Route(PATH.format(month="{month}"), StatementFiles(server_context)),
            *(
                ()
                if settings.production
                else (
                    Route("/", _root),
                    Route("/schema.graphql", _schema),
                    *explorer.routes,
                    explorer_mails.route(server.recent_mails),
                )
            ),
        ],
        middleware=[
            *_proxies(settings),
            Middleware(Cors, origins=origins, refresh_cookie=settings.refresh_cookie),
            Middleware(Handler, responder=responder),
            Middleware(Headers),
        ],
        exception_handlers={Exception: _broken},
        lifespan=server.lifespan,
    )
    app.state.server_context, app.state.responder = server_context, responder
    connections = app.state.connections = Connections(ConnectionLimits.of(settings))
    metrics.gauge("pocketpay_connections", "Number of open connections.", lambda: connections.open)
    metrics.counter(
        "pocketpay_connections_refused",
        "Number of connections refused since the start because there were too many.",
        lambda: connections.refusals,
    )
    return app


class Server:
    """What lives as long as the server."""

    def __init__(
        self, settings: Settings, dsn: str, secret: bytes, server_context: ServerContext, health: Health
    ) -> None:
        self._settings, self._dsn, self._secret, self._server_context, self._health = (
            settings,
            dsn,
            secret,
            server_context,
            health,
        )

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as open_:
            self._server_context.services = await self._open(open_)
            try:
                yield
            finally:
                self._server_context.services = None

    async def recent_mails(self) -> list[RecentMail]:
        """The newest of the mails and text messages that the log shows because nothing sends them."""
        services, settings = self._server_context.services, self._settings
        if services is None or settings.production:
            return []
        kinds = TextMessages.kinds if settings.smtp_host else TextMessages.kinds | Email.kinds
        return await recent(services.database, kinds, services.identity.mails.complete)

    async def _open(self, open_: AsyncExitStack) -> Services:
        settings = self._settings
        database = self._health.database = await Database.open(self._dsn)
        open_.push_async_callback(database.close)
        desk = await Desk.open(database, settings)
        open_.push_async_callback(desk.close)
        services = IdentityServices.open(
            database,
            settings,
            self._secret,
            require_unlocked=require_unlocked,
            on_verified_email=welcome.when_verified(settings, self._secret),
        )
        open_.callback(services.close)
        open_.push_async_callback(services.afterwards.close)
        hub = Hub()
        hub.join(services.gate)
        revocations = Revocations(services.gate, self._server_context.sockets)
        hub.join(revocations)
        open_.push_async_callback(revocations.close)
        feeds = Feeds(database, hub)
        feeds.start()
        open_.push_async_callback(feeds.close)
        policy = PolicyInForce(database, desk.clearing, settings)
        hub.join(policy)
        policy.pump.start()
        open_.push_async_callback(policy.pump.close)
        listener = self._health.listener = Listener(database.connect, hub)
        await listener.start()
        open_.push_async_callback(listener.close)
        for name, work in (
            ("sweeper", sweep_forever(desk)),
            ("identity's sweeper", identity_sweeper.sweep_forever(services)),
            ("sweeper of welcome bonuses", welcome_bonus.sweep_forever(desk)),
        ):
            open_.push_async_callback(_stop, asyncio.create_task(work, name=name))
        await self._send_mail(open_, services)
        metrics = self._server_context.metrics
        metrics.gauge("pocketpay_clearing_waiting", "Number of waiting instructions.", lambda: desk.clearing.waiting)
        for count, meaning in CLEARING_COUNTS.items():
            metrics.counter(f"pocketpay_clearing_{count}", meaning, partial(getattr, desk.clearing.counts, count))
        return Services(
            settings=settings,
            database=database,
            identity=services,
            desk=desk,
            feeds=feeds,
            reads=Reads(database),
            statement_links=StatementLinks(self._secret),
            operators=OperatorServices(Audits(database.dsn), policy),
        )

    async def _send_mail(self, open_: AsyncExitStack, services: IdentityServices) -> None:
        """Starts this server's senders of mails and text messages, with a connection to PostgreSQL of their own."""
        settings = self._settings
        channels: dict[str, Channel] = {}
        if settings.mail_is_on:
            delivery = ShownMail() if settings.smtp_host is None else SmtpDelivery(SmtpServer.of(settings))
            channels["mails"] = Email(delivery, Sender(*settings.sender))
        if settings.text_messages_are_on:
            channels["text_messages"] = TextMessages(SimulatedTextProvider())
        if not channels:
            return
        database = Database(self._dsn, readers=1, writers=1)
        open_.push_async_callback(database.close)
        keep = timedelta(days=settings.mail_keep_days)
        for name, channel in channels.items():
            sender = MailSender(database, channel, services.mails.complete, keep=keep)
            sender.start()
            open_.push_async_callback(sender.close)
            self._measure(name, sender.counts)

    def _measure(self, name: str, counts: Counts) -> None:
        metrics, what = self._server_context.metrics, name.replace("_", " ")
        waiting = f"Number of {what} in the outbox of all servers."
        metrics.gauge(f"pocketpay_{name}_waiting", waiting, lambda: counts.waiting)
        metrics.counter(f"pocketpay_{name}_sent", f"Number of {what} sent since the start.", lambda: counts.sent)
        metrics.counter(
            f"pocketpay_{name}_failed",
            f"Number of {what} that failed permanently since the start.",
            lambda: counts.failed,
        )


CLEARING_COUNTS = {
    "units": "Number of units of work committed since the start.",
    "instructions": "Number of instructions executed since the start.",
    "retries": "Number of units of work retried since the start.",
    "busy": "Number of instructions answered with SERVICE_BUSY since the start.",
    "ahead": "Number of them where the last change of an account is in the future because of a wrong clock.",
}


def _trust(documents: Documents, settings: Settings) -> None:
    """Makes trusted documents ready. One that the schema does not know is logged, and refused when it is asked for:
    no old client keeps a server from starting. Raises SettingsError when there is no manifest."""
    manifest = settings.trusted_documents
    if manifest is None or settings.trusted_documents_mode is TrustedDocuments.OFF:
        return
    for name, reason in documents.trust(trusted.load(manifest)).items():
        logger.error("trusted_document_refused", name=name, reason=reason)


async def _broken(request: Request, error: Exception) -> Response:
    """What nobody expected; the server logs it where it ends up."""
    return JSONResponse(
        http.INTERNAL_ERROR.payload, status_code=http.INTERNAL_ERROR.status, headers=http.security_headers()
    )


async def _root(request: Request) -> Response:
    return RedirectResponse("/graphql")


async def _schema(request: Request) -> Response:
    return PlainTextResponse(sdl(), media_type="text/plain; charset=utf-8")


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})


def _rates(settings: Settings) -> Rates | None:
    """How often a user may ask: not limited in development unless set, so that a machine can load itself."""
    per_second = settings.request_rate_per_second or (REQUESTS_PER_SECOND if settings.production else None)
    return None if per_second is None else Rates(per_second, 2 * per_second)


def _anonymous_rates(settings: Settings) -> Rates | None:
    """How often one address may ask without a valid token: limited where users are."""
    per_second = settings.anonymous_rate_per_second or (ANONYMOUS_PER_SECOND if settings.production else None)
    return None if per_second is None else Rates(per_second, 2 * per_second)


def _proxies(settings: Settings) -> list[Middleware]:
    """Believes the proxies in front about whose request it is; nothing where there are none."""
    if not settings.proxies:
        return []
    return [Middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.proxies))]
