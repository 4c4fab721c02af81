"""POST /webhooks/stripe: events of Stripe, signed with one of STRIPE_WEBHOOK_SECRETS.

    200   the event is booked, or is about nothing of this server
    400   it is not signed by Stripe, or its signature is too old · 405 · 408 · 413
    429   too many requests from one address
    503   it could not be booked now: Stripe sends it again, for three days

An event is only a hint. The order or link that it is about is brought up to date with what Stripe answers now. So an
event that is repeated, late or out of order changes nothing twice. No token, cookie or origin plays a role here.

Decision 76 gives the reasons.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from time import monotonic
from typing import Any

import structlog
from starlette.types import Receive, Scope, Send

from pocketpay.api.rates import Rates
from pocketpay.bank_accounts.errors import BankNotReachable
from pocketpay.banking.stripe import events
from pocketpay.banking.stripe.events import EventRefused
from pocketpay.database.failures import ServiceBusy
from pocketpay.errors import Refusal
from pocketpay.identity import networks
from pocketpay.payments.desk import Desk
from pocketpay.payments.refresh import refresh_bank_account, refresh_order
from pocketpay.serving import http
from pocketpay.serving.http import HttpRefusal
from pocketpay.serving.server_context import ServerContext
from pocketpay.settings import Settings

MAX_BYTES = 262_144
"""Largest body. An event has its whole object: a connected account has the most, some 20 KB."""

WITHIN_SECONDS = 9.0
"""The time limit of booking, below that of Stripe, which treats a late answer as none."""

AT_ONCE = 16
"""Events that are booked at once on one server; others wait. Each asks Stripe once or twice."""

PER_SECOND, BURST = 50, 200
"""Requests from one address. Stripe sends from a few addresses, and sends again what was refused."""

LOG_SECONDS = 60.0
"""A reason for refused events is logged at most once in this time, so that nobody fills the log."""

OUTCOMES = ("booked", "postponed", *events.Fault)

POST_ONLY = HttpRefusal(405, "Send events with POST.", headers=((b"allow", b"POST"),))

log = structlog.get_logger(__name__)


class StripeWebhooks:
    """The ASGI application for Stripe's events, one per server."""

    def __init__(self, server_context: ServerContext, settings: Settings, outcomes: Counter[str]) -> None:
        """`outcomes` counts the events by OUTCOMES."""
        self._context, self._secrets = server_context, settings.webhook_secrets
        self._body_seconds = settings.body_seconds
        self._rates, self._turns = Rates(PER_SECOND, BURST), asyncio.Semaphore(AT_ONCE)
        self._logged: dict[str, float] = {}
        self.outcomes = outcomes
        self.outcomes.update(dict.fromkeys(OUTCOMES, 0))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        request_id = http.request_id(headers)
        try:
            await self._receive(scope, headers, receive)
        except ConnectionResetError:
            return
        except HttpRefusal as refused:
            self._context.metrics.refused(refused.status, refused.code)
            await http.send_refusal(send, refused, kind=http.JSON, request_id=request_id)
            return
        await http.send_json(send, {"received": True}, status=200, kind=http.JSON, request_id=request_id)

    async def _receive(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> None:
        """Receives an event and books it. Raises HttpRefusal, or ConnectionResetError."""
        if scope["method"] != "POST":
            raise POST_ONLY
        if self._context.services is None:
            raise http.busy()
        client = scope.get("client")
        retry_after = self._rates.take(networks.address(client[0] if client else ""))
        if retry_after is not None:
            raise http.too_many_requests(retry_after)
        body = await http.body(receive, headers, max_bytes=MAX_BYTES, within_seconds=self._body_seconds)
        try:
            event = events.verified(body, headers.get(b"stripe-signature", b"").decode("latin-1"), self._secrets)
        except EventRefused as refused:
            self._count_refused(refused)
            raise HttpRefusal(400, str(refused)) from None
        await self._book(self._context.services.desk, event)

    async def _book(self, desk: Desk, event: Mapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(WITHIN_SECONDS), self._turns:
                await book(desk, event)
        except (BankNotReachable, ServiceBusy, TimeoutError) as error:
            self.outcomes["postponed"] += 1
            log.warning("stripe_event_postponed", type=event["type"], cause=type(error).__name__)
            raise http.busy() from None
        self.outcomes["booked"] += 1

    def _count_refused(self, refused: EventRefused) -> None:
        fault, now = refused.fault, monotonic()
        self.outcomes[fault] += 1
        if now - self._logged.get(fault, -LOG_SECONDS) >= LOG_SECONDS:
            self._logged[fault] = now
            log.warning("stripe_event_refused", reason=str(fault), count=self.outcomes[fault])


async def book(desk: Desk, event: Mapping[str, Any]) -> None:
    """Brings the orders and links that an event is about up to date. Idempotent.

    Raises BankNotReachable and ServiceBusy: Stripe must send the event again.
    """
    about = await events.subjects(desk.database, event)
    for order in about.orders:
        try:
            await refresh_order(desk, order)
        except BankNotReachable:
            raise
        except Refusal:  # a declined order: it has ended, which is what the event says
            continue
    for link in about.links:
        await refresh_bank_account(desk, link)
