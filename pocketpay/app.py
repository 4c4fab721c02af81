"""The Starlette application: its routes, and the services that run as long as the server.

/graphql          POST: the Handler middleware; GET, websockets and the explorer's page: the View
/                 a redirect to /graphql, in development
/healthz          200 while the process runs
/readyz           200 when the database responds, has this server's revision, and the listener is connected; else 503
/metrics          metrics for Prometheus; needs METRICS_TOKEN, except in development when it is not set
/schema.graphql   the schema as text, in development
/explorer/...     the explorer's files and the newest mails, in development
/app/...          the web app of examples/web, in development
/statements/…csv  a wallet's statement of one month as a file; requires a signed link
/webhooks/stripe  Stripe's events, with STRIPE_WEBHOOK_SECRETS

start order     database ─► desk (house accounts, clearing) ─► identity ─► hub: gate, sockets, feeds, policy
                ─► listener ─► sweepers ─► mail senders
stop order      the reverse; the clearing first finishes its waiting instructions
"""

import asyncio
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

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
from pocketpay.banking.provider import require_stripe
from pocketpay.clearing.policy import PolicyInForce
from pocketpay.clearing.queue import Clearing
from pocketpay.database.availability import AVAILABILITY
from pocketpay.database.connection_count import Sizes
from pocketpay.database.sessions import Database
from pocketpay.explorer import mails as explorer_mails
from pocketpay.explorer import routes as explorer
from pocketpay.explorer import web_app
from pocketpay.identity import sweeper as identity_sweeper
from pocketpay.identity.services import IdentityServices
from pocketpay.mail.channels import Channel, Email, TextMessages
from pocketpay.mail.log_delivery import LogDelivery
from pocketpay.mail.message import Sender
from pocketpay.mail.recent import RecentMail, recent
from pocketpay.mail.sender import MailSender
from pocketpay.mail.smtp import Server as SmtpServer
from pocketpay.mail.smtp import SmtpDelivery
from pocketpay.mail.text_messages import SimulatedTextProvider
from pocketpay.onboarding import welcome, welcome_bonus
from pocketpay.onboarding.lock_out import require_unlocked
from pocketpay.operations.audits import Audits
from pocketpay.operations.figures import Figures
from pocketpay.operations.services import OperatorServices
from pocketpay.payments.desk import Desk
from pocketpay.payments.sweeper import sweep_forever
from pocketpay.serving import http, log, measured, trusted
from pocketpay.serving.connections.connections import Connections
from pocketpay.serving.connections.limits import ConnectionLimits
from pocketpay.serving.cookies import Cookies
from pocketpay.serving.documents import Documents
from pocketpay.serving.exchange import MetricsChannel, WorkerExchange
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
from pocketpay.settings import SecretKeys, Settings, TrustedDocuments
from pocketpay.tracing import switch
from pocketpay.transactions import sweeper as usage_sweeper
from pocketpay.transactions.sealing import seal_forever
from pocketpay.updates.hub import Hub
from pocketpay.updates.listener import Listener

if TYPE_CHECKING:
    from pocketpay.tracing.spans import Traces

logger = structlog.get_logger(__name__)

REQUESTS_PER_SECOND = 300
"""Default of REQUEST_RATE_PER_SECOND in production: requests per second of one user. A burst can have twice as
many."""

ANONYMOUS_PER_SECOND = 20
"""Default of ANONYMOUS_RATE_PER_SECOND in production: requests per second from one address without a valid token. A
burst can have twice as many. It is enough for thousands of customers behind one address to sign in and refresh their
tokens."""

SERVED_SCHEMA = with_fast_resolvers(build())
"""The schema that this server executes, with faster resolvers. `schema` is the one without them."""


def create_app(
    settings: Settings,
    *,
    server_dsn: str,
    secret_keys: SecretKeys,
    sizes: Sizes | None = None,
    metrics_end: socket.socket | None = None,
) -> Starlette:
    """Builds the application of a server with the database at `server_dsn`. The ASGI lifespan starts its services.

    `metrics_end` connects a worker with its supervisor, which adds up the metrics of all workers.
    """
    log.configure(settings)
    metrics = Metrics(slow_seconds=settings.slow_operation_seconds)
    documents = Documents(SERVED_SCHEMA, Limits.of(settings), introspection=not settings.production)
    sockets = Sockets(max_per_address=settings.sockets_per_address, max_per_user=settings.sockets_per_user)
    anonymous_rates = _anonymous_rates(settings)
    _load_trusted_documents(documents, settings)
    traces, tracing = _traces(), Classes()
    if traces is not None:
        tracing = _traced(traces)
    execution = tracing.execution(
        SERVED_SCHEMA,
        documents,
        turns=anonymous_rates is not None,
        only_trusted=settings.trusted_documents_mode is TrustedDocuments.ONLY,
    )
    server_context = tracing.server_context(execution, metrics, sockets, _rates(settings), anonymous_rates)
    origins = Origins(settings.origins, loopback=not settings.production)
    view = View(
        schema, server_context, settings, origins=origins, page=None if settings.production else explorer.page
    )
    health = Health(settings, metrics)
    server = Server(
        settings, server_dsn, secret_keys, server_context, health, sizes or Sizes(), metrics_end, tracing.clearing
    )
    server.traces = traces
    responder = PostResponder(server_context, settings, Cookies.of(settings, origins))
    app = Starlette(
        routes=[
            Route("/graphql", view),
            WebSocketRoute("/graphql", view),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
            Route("/metrics", health.metrics),
            Route(PATH.format(month="{month}"), StatementFiles(server_context)),
            *_webhooks(server_context, settings),
            *(
                ()
                if settings.production
                else (
                    Route("/", _root),
                    Route("/schema.graphql", _schema),
                    *explorer.routes,
                    explorer_mails.route(server.recent_mails),
                    *web_app.routes,
                )
            ),
        ],
        middleware=[
            *_proxies(settings),
            Middleware(Cors, origins=origins, refresh_cookie=settings.refresh_cookie),
            Middleware(Handler, responder=responder),
            Middleware(Headers),
        ],
        exception_handlers={Exception: _internal_error},
        lifespan=server.lifespan,
    )
    app.state.server_context, app.state.responder, app.state.health = server_context, responder, health
    connections = app.state.connections = Connections(ConnectionLimits.of(settings))
    measured.of_the_server(metrics, connections, execution)
    return app


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes whose work can be traced. A server with traces uses subclasses of them, so a server without
    traces pays nothing."""

    execution: type[Execution] = Execution
    server_context: type[ServerContext] = ServerContext
    clearing: type[Clearing] = Clearing


class Server:
    """The services that run as long as the server; `lifespan` starts and stops them."""

    def __init__(
        self,
        settings: Settings,
        dsn: str,
        secret_keys: SecretKeys,
        server_context: ServerContext,
        health: Health,
        sizes: Sizes,
        metrics_end: socket.socket | None,
        clearing: type[Clearing] = Clearing,
    ) -> None:
        self._metrics_end = metrics_end
        self._settings, self._dsn, self._secret_keys, self._sizes = settings, dsn, secret_keys, sizes
        self._clearing = clearing
        self.traces: Traces | None = None
        self._server_context, self._health = server_context, health

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if self.traces is not None:
                stack.callback(self.traces.close)
            self._server_context.services = await self._open(stack)
            try:
                yield
            finally:
                self._server_context.services = None

    async def recent_mails(self) -> list[RecentMail]:
        """The newest mails and text messages that were written to the log instead of sent; [] in production."""
        services, settings = self._server_context.services, self._settings
        if services is None or settings.production:
            return []
        kinds = TextMessages.kinds if settings.smtp_host else TextMessages.kinds | Email.kinds
        return await recent(services.database, kinds, services.identity.mails.complete)

    async def _open(self, stack: AsyncExitStack) -> Services:
        settings = self._settings
        AVAILABILITY.logs = True
        database = self._health.database = await Database.open(
            self._dsn, readers=self._sizes.readers, writers=self._sizes.writers
        )
        stack.push_async_callback(database.close)
        desk = await Desk.open(database, settings, clearing_class=self._clearing, lanes=self._sizes.lanes)
        stack.push_async_callback(desk.close)
        services = IdentityServices.open(
            database,
            settings,
            self._secret_keys,
            require_unlocked=require_unlocked,
            on_verified_email=welcome.when_verified(settings, self._secret_keys),
        )
        stack.callback(services.close)
        stack.push_async_callback(services.afterwards.close)
        hub = Hub()
        hub.join(services.gate)
        revocations = Revocations(services.gate, self._server_context.sockets)
        hub.join(revocations)
        stack.push_async_callback(revocations.close)
        feeds = Feeds(database, hub)
        feeds.start()
        stack.push_async_callback(feeds.close)
        policy = PolicyInForce(database, desk.clearing, settings)
        hub.join(policy)
        policy.pump.start()
        stack.push_async_callback(policy.pump.close)
        listener = self._health.listener = Listener(database.connect, hub)
        await listener.start()
        stack.push_async_callback(listener.close)
        for name, work in (
            ("sweeper", sweep_forever(desk)),
            ("identity's sweeper", identity_sweeper.sweep_forever(services)),
            ("sweeper of welcome bonuses", welcome_bonus.sweep_forever(desk)),
            ("sealing of search blocks", seal_forever(database)),
            ("sweeper of usage", usage_sweeper.sweep_forever(database)),
        ):
            stack.push_async_callback(_stop, asyncio.create_task(work, name=name))
        mail_database = await self._start_mail_senders(stack, services)
        metrics = self._server_context.metrics
        measured.of_connecting(metrics)
        measured.of_pools(metrics, {"": database} | ({} if mail_database is None else {"mail_": mail_database}))
        measured.of_the_clearing(metrics, desk.clearing)
        measured.of_updates(metrics, listener, hub, feeds)
        measured.of_background_work(metrics)
        figures = Figures(database)
        measured.of_figures(metrics, figures)
        self._health.refresh = figures.refresh
        if self._metrics_end is not None:
            exchange = WorkerExchange(await MetricsChannel.open(self._metrics_end), metrics.families)
            stack.push_async_callback(exchange.close)
            self._health.all_workers = exchange.text
        return Services(
            settings=settings,
            database=database,
            identity=services,
            desk=desk,
            feeds=feeds,
            reads=Reads(database),
            statement_links=StatementLinks(self._secret_keys),
            operators=OperatorServices(Audits(database.dsn), policy),
        )

    async def _start_mail_senders(self, stack: AsyncExitStack, services: IdentityServices) -> Database | None:
        """Starts the senders of mails and text messages. They share one database of their own, which is returned
        if there is any sender."""
        settings = self._settings
        channels: list[Channel] = []
        if settings.mail_is_on:
            delivery = LogDelivery() if settings.smtp_host is None else SmtpDelivery(SmtpServer.of(settings))
            channels.append(Email(delivery, Sender(*settings.sender)))
        if settings.text_messages_are_on:
            channels.append(TextMessages(SimulatedTextProvider()))
        if not channels:
            return None
        database = Database(self._dsn, readers=1, writers=1)
        stack.push_async_callback(database.close)
        keep = timedelta(days=settings.mail_keep_days)
        for channel in channels:
            sender = MailSender(database, channel, services.mails.complete, keep=keep)
            sender.start()
            stack.push_async_callback(sender.close)
            measured.of_mail(self._server_context.metrics, channel.name, sender.counts)
        return database


def _traces() -> "Traces | None":
    """Returns the traces of this process if the OTEL_ variables ask for them. Raises TracesUnavailable."""
    if not switch.is_on(os.environ):
        return None
    # Imported only now: the libraries take 0.2 s, and are an optional part of the package.
    try:
        from pocketpay.tracing.spans import Traces
    except ImportError:
        raise switch.TracesUnavailable(
            "The OTEL_ variables ask for traces, which need more packages: pip install 'pocketpay[traces]'."
        ) from None
    return Traces()


def _traced(traces: "Traces") -> Classes:
    from pocketpay.clearing.traced import traced_clearing
    from pocketpay.database.traced import trace_statements
    from pocketpay.serving.traced import TracedServerContext, traced_execution

    trace_statements(traces)
    return Classes(traced_execution(traces), TracedServerContext, traced_clearing(traces))


def _webhooks(server_context: ServerContext, settings: Settings) -> list[Route]:
    """The route of Stripe's events; [] without STRIPE_WEBHOOK_SECRETS. Raises SettingsError when Stripe's library is
    not installed."""
    outcomes: Counter[str] = Counter()
    measured.of_stripe_events(server_context.metrics, outcomes)
    if not settings.webhook_secrets:
        return []
    require_stripe()
    # Imported only now: it imports Stripe's library.
    from pocketpay.serving.stripe_webhooks import StripeWebhooks

    return [Route("/webhooks/stripe", StripeWebhooks(server_context, settings, outcomes))]


def _load_trusted_documents(documents: Documents, settings: Settings) -> None:
    """Loads the trusted documents. A document that is not valid for this schema is logged, and requests for it are
    refused; the server still starts, so that an outdated client cannot prevent it. Raises SettingsError when the file
    is missing or malformed."""
    manifest = settings.trusted_documents
    if manifest is None or settings.trusted_documents_mode is TrustedDocuments.OFF:
        return
    for name, reason in documents.trust(trusted.load(manifest)).items():
        logger.error("trusted_document_refused", name=name, reason=reason)


async def _internal_error(request: Request, error: Exception) -> Response:
    """Responds to an unexpected exception. The exception itself continues to uvicorn, which logs it."""
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
    """The request rate limit per user; None when there is no limit. Development has no default limit, so that load
    tests are possible."""
    per_second = settings.request_rate_per_second or (REQUESTS_PER_SECOND if settings.production else None)
    return None if per_second is None else Rates(per_second, 2 * per_second)


def _anonymous_rates(settings: Settings) -> Rates | None:
    """The rate limit per address for requests without a valid token; None when there is no limit, by the same default
    as for users."""
    per_second = settings.anonymous_rate_per_second or (ANONYMOUS_PER_SECOND if settings.production else None)
    return None if per_second is None else Rates(per_second, 2 * per_second)


def _proxies(settings: Settings) -> list[Middleware]:
    """The middleware that takes the client's address from trusted proxies' headers; [] without TRUSTED_PROXIES."""
    if not settings.proxies:
        return []
    return [Middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.proxies))]
