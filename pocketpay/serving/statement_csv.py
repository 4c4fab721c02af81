"""GET /statements/2026-11.csv: a whole statement as a file, to whoever holds a link that we signed.

    refused   403 a link not ours, or too late · 404 no such wallet · 405 · 503 no place in time, or no database

Told in pieces, each read, written and sent before the next one: memory stays flat, and others have their turn. A
client that goes away ends it, and so does one that stops reading or reads for too long: it holds a place, a
connection, and a snapshot that keeps PostgreSQL from tidying up. A file cut short has no closing line, and its
transfer ends in an error.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import structlog
from starlette.types import Message, Receive, Scope, Send

from pocketpay.api import ids
from pocketpay.api.context import Services
from pocketpay.api.statement_link import BadLink
from pocketpay.database.failures import ServiceBusy
from pocketpay.ledger.month import Month
from pocketpay.ledger.time_zones import shown_by
from pocketpay.serving import http
from pocketpay.serving.downloads import Downloads
from pocketpay.serving.failures import FORBIDDEN
from pocketpay.serving.http import HttpRefusal
from pocketpay.serving.server_context import ServerContext
from pocketpay.serving.spreadsheet import BYTE_ORDER_MARK, row, words
from pocketpay.transactions.statement import LINES_PER_STEP, Line, StatementReader, open_statement

STALLED_SECONDS = 30.0
"""A client that takes no piece (some 15 KiB) for so long is gone."""

COLUMNS = ("Description", "Counterparty", "Type", "Amount", "Balance", "Currency", "Transaction")

NOT_FOUND = HttpRefusal(404, "This link is not valid or has expired.", code="NOT_FOUND")
GET_ONLY = HttpRefusal(405, "Download statements with GET.", headers=((b"allow", b"GET, HEAD"),))

log = structlog.get_logger(__name__)


class StatementFiles:
    """One for each server: an ASGI application."""

    def __init__(self, server_context: ServerContext) -> None:
        self._server_context = server_context
        self._downloads = Downloads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise GET_ONLY
            if self._server_context.services is None:
                raise http.busy()
            await self._answer(self._server_context.services, scope, receive, send)
        except HttpRefusal as refused:
            request_id = http.request_id(dict(scope["headers"]))
            await http.send_refusal(send, refused, kind=http.JSON, request_id=request_id)

    async def _answer(self, services: Services, scope: Scope, receive: Receive, send: Send) -> None:
        now = datetime.now(UTC)
        said = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        try:
            wallet_id, month = services.statement_links.read(scope["path_params"]["month"], said, now=now)
        except BadLink as bad:
            raise HttpRefusal(403, str(bad), code=FORBIDDEN) from None
        sending = Sending(send)
        try:
            async with (
                self._downloads.place(wallet_id),
                open_statement(services.database.dsn, wallet_id, month) as told,
            ):
                if told is None:
                    raise NOT_FOUND
                await _until_either(_told(sending, told, now, scope["method"]), _gone(receive))
        except (ServiceBusy, TimeoutError) as error:
            if not sending.began:
                raise http.busy() from None
            log.warning("statement_cut_short", reason=str(error) or "it took too long")


class Sending:
    """What is sent to one client, and whether anything was."""

    def __init__(self, send: Send) -> None:
        self._send, self.began = send, False

    async def __call__(self, message: Message) -> None:
        self.began = True
        await self._send(message)


async def _told(send: Send, told: StatementReader, now: datetime, method: str) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _headers(told.of.month)})
    if method == "GET":
        try:
            async for piece in _pieces(told, now):
                async with asyncio.timeout(STALLED_SECONDS):
                    await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        except (ServiceBusy, TimeoutError) as error:
            # Too late for another answer. Left without its end, the transfer is broken off by the server.
            log.warning("statement_cut_short", reason=str(error) or "the client takes nothing")
            return
    await send({"type": "http.response.body", "body": b""})


def _headers(month: Month) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", b"text/csv; charset=utf-8; header=present"),
        (b"content-disposition", b'attachment; filename="pocketpay-%s.csv"' % str(month).encode()),
        *http.SECURITY_HEADERS,
    ]


async def _pieces(told: StatementReader, now: datetime) -> AsyncIterator[str]:
    """The file: byte order mark, header, opening balance, the entries, closing balance."""
    of, zone = told.of, told.of.month.zone
    kept = [BYTE_ORDER_MARK + row((f"Date ({zone.key})", *COLUMNS))]
    kept.append(row(_edge(_date(of.month.starts, zone), "Opening balance", str(of.opening.balance), of.currency)))
    async for line in told.lines():
        kept.append(row(_cells(line, zone)))
        if len(kept) >= LINES_PER_STEP:
            yield "".join(kept)
            kept.clear()
    last = now if of.month.starts <= now < of.month.ends else of.month.ends - timedelta(seconds=1)
    kept.append(row(_edge(_date(last, zone), "Closing balance", str(of.closing.balance), of.currency)))
    yield "".join(kept)


def _cells(line: Line, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        _date(line.at, zone),
        words(line.description),
        words(line.counterparty or ""),
        line.type.name,
        str(line.amount),
        str(line.balance),
        line.amount.currency,
        ids.encode(ids.TRANSACTION, line.transaction_id),
    )


def _edge(at: str, what: str, balance: str, currency: str) -> tuple[str, ...]:
    return (at, what, "", "", "", balance, currency, "")


def _date(at: datetime, zone: ZoneInfo) -> str:
    """As spreadsheets read it, by the clocks of the zone: "2026-11-22 18:30:00"."""
    return shown_by(zone, at).isoformat(" ", "seconds")


async def _gone(receive: Receive) -> None:
    """Ends when the client is gone, or has its answer."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_either(work: Coroutine[None, None, None], end: Coroutine[None, None, None]) -> None:
    """Does the work until it is done, or until the end comes."""
    working, ending = asyncio.create_task(work), asyncio.create_task(end)
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        ending.cancel()
        await asyncio.wait({working, ending})
    if not working.cancelled():
        working.result()
