"""GET /statements/2026-11.csv: a whole statement as a CSV file, for requests with a signed link.

    refused   403 the link is invalid or expired · 404 no such wallet · 405 · 503 no free slot, or no database

The file is sent in chunks; each is read, formatted and sent before the next one, so that memory use stays constant
and other requests can run. The download ends when the client disconnects, stops reading or reads too slowly: it
occupies a slot, a database connection, and a snapshot that keeps VACUUM from removing old rows. A truncated file has
no closing line, and its HTTP transfer ends in an error.
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
from pocketpay.ledger.time_zones import local_time
from pocketpay.serving import http
from pocketpay.serving.downloads import Downloads
from pocketpay.serving.failures import FORBIDDEN
from pocketpay.serving.http import HttpRefusal
from pocketpay.serving.server_context import ServerContext
from pocketpay.serving.spreadsheet import BYTE_ORDER_MARK, row, safe_text
from pocketpay.transactions.statement import AT_ONCE, Line, Telling, telling

STALLED_SECONDS = 30.0
"""A client that accepts no chunk (about 15 KiB) for this many seconds counts as disconnected."""

COLUMNS = ("Description", "Counterparty", "Type", "Amount", "Balance", "Currency", "Transaction")

NOT_FOUND = HttpRefusal(404, "This link is not valid or has expired.", code="NOT_FOUND")
GET_ONLY = HttpRefusal(405, "Download statements with GET.", headers=((b"allow", b"GET, HEAD"),))

log = structlog.get_logger(__name__)


class StatementFiles:
    """The ASGI application for statement files, one per server."""

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
        parameters = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        try:
            wallet_id, month = services.statement_links.read(scope["path_params"]["month"], parameters, now=now)
        except BadLink as bad:
            raise HttpRefusal(403, str(bad), code=FORBIDDEN) from None
        tracked_send = TrackedSend(send)
        try:
            async with (
                self._downloads.slot(wallet_id),
                telling(services.database.dsn, wallet_id, month) as statement,
            ):
                if statement is None:
                    raise NOT_FOUND
                await _run_until(
                    _send_file(tracked_send, statement, now, scope["method"]), _wait_for_disconnect(receive)
                )
        except (ServiceBusy, TimeoutError) as error:
            if not tracked_send.started:
                raise http.busy() from None
            log.warning("statement_cut_short", reason=str(error) or "it took too long")


class TrackedSend:
    """Wraps `send`; `started` is true once the response has started."""

    def __init__(self, send: Send) -> None:
        self._send, self.started = send, False

    async def __call__(self, message: Message) -> None:
        self.started = True
        await self._send(message)


async def _send_file(send: Send, statement: Telling, now: datetime, method: str) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _headers(statement.of.month)})
    if method == "GET":
        try:
            async for chunk in _chunks(statement, now):
                async with asyncio.timeout(STALLED_SECONDS):
                    await send({"type": "http.response.body", "body": chunk.encode(), "more_body": True})
        except (ServiceBusy, TimeoutError) as error:
            # Too late for another response: returning without the last chunk makes the server abort the transfer.
            log.warning("statement_cut_short", reason=str(error) or "the client stopped reading")
            return
    await send({"type": "http.response.body", "body": b""})


def _headers(month: Month) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", b"text/csv; charset=utf-8; header=present"),
        (b"content-disposition", b'attachment; filename="pocketpay-%s.csv"' % str(month).encode()),
        *http.SECURITY_HEADERS,
    ]


async def _chunks(statement: Telling, now: datetime) -> AsyncIterator[str]:
    """Yields the file: byte order mark, header, opening balance, the entries, closing balance."""
    summary, zone = statement.of, statement.of.month.zone
    rows = [BYTE_ORDER_MARK + row((f"Date ({zone.key})", *COLUMNS))]
    opened = _date(summary.month.starts, zone)
    rows.append(row(_balance_cells(opened, "Opening balance", str(summary.opening.balance), summary.currency)))
    async for line in statement.lines():
        rows.append(row(_cells(line, zone)))
        if len(rows) >= AT_ONCE:
            yield "".join(rows)
            rows.clear()
    last = now if summary.month.starts <= now < summary.month.ends else summary.month.ends - timedelta(seconds=1)
    closed = _date(last, zone)
    rows.append(row(_balance_cells(closed, "Closing balance", str(summary.closing.balance), summary.currency)))
    yield "".join(rows)


def _cells(line: Line, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        _date(line.at, zone),
        safe_text(line.description),
        safe_text(line.counterparty or ""),
        line.type.name,
        str(line.amount),
        str(line.balance),
        line.amount.currency,
        ids.encode(ids.TRANSACTION, line.transaction_id),
    )


def _balance_cells(at: str, description: str, balance: str, currency: str) -> tuple[str, ...]:
    return (at, description, "", "", "", balance, currency, "")


def _date(at: datetime, zone: ZoneInfo) -> str:
    """Returns the local time of the zone in a form that spreadsheets read: "2026-11-22 18:30:00"."""
    return local_time(zone, at).isoformat(" ", "seconds")


async def _wait_for_disconnect(receive: Receive) -> None:
    """Waits until the client disconnects or has received the response."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _run_until(work: Coroutine[None, None, None], end: Coroutine[None, None, None]) -> None:
    """Runs `work` until it is done or `end` returns."""
    work_task, end_task = asyncio.create_task(work), asyncio.create_task(end)
    try:
        await asyncio.wait({work_task, end_task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        work_task.cancel()
        end_task.cancel()
        await asyncio.wait({work_task, end_task})
    if not work_task.cancelled():
        work_task.result()
