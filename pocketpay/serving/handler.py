"""POST /graphql, the way nearly everything comes: as few steps as there can be between the socket and a resolver.

    headers ─► body (64 KiB, 5 s) ─► whose token ─► how often ─► JSON ─► answer ─► JSON

`view.py` answers a query by GET the same way. A test holds both to what Strawberry's own execution answers.
"""

from time import perf_counter

from starlette.types import ASGIApp, Receive, Scope, Send

from pocketpay.serving import http
from pocketpay.serving.doors import Doors
from pocketpay.serving.http import HttpRefusal
from pocketpay.settings import Settings


class Handler:
    """The ASGI application in front: takes POST /graphql itself, and leaves the rest to `others`."""

    def __init__(self, others: ASGIApp, doors: Doors, settings: Settings) -> None:
        self._others, self._doors = others, doors
        self._body_bytes, self._body_seconds = settings.body_bytes, settings.body_seconds
        self._anonymous_bytes = min(settings.body_bytes, http.ANONYMOUS_BYTES)
        self._texts = doors.execution.documents.texts
        self._shows_cost = not settings.production

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/graphql" or scope["method"] != "POST":
            await self._others(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = http.request_id(headers)
        kind = http.JSON
        try:
            kind = http.media_type(headers.get(b"accept", b""))
            http.must_be_json(headers)
            raw = await http.body(
                receive,
                headers,
                most_bytes=await self._most_bytes(headers),
                within_seconds=self._body_seconds,
            )
            context = await self._doors.context(scope, headers, request_id)
            asked = http.asked(raw, self._texts)
        except HttpRefusal as refused:
            await http.send_refusal(send, refused, kind=kind, request_id=request_id)
            return
        except ConnectionResetError:
            return
        began = perf_counter()
        payload, type_, outcome = await self._doors.execution.answer(
            *asked, context, with_cost=http.asks_cost(headers, unasked=self._shows_cost)
        )
        self._doors.metrics.note(type_, outcome, perf_counter() - began)
        status = http.status_of(payload, kind)
        await http.send_json(send, payload, status=status, kind=kind, request_id=request_id)

    async def _most_bytes(self, headers: http.Headers) -> int:
        """How long the body may be: who sends a longer one is looked up first. Raises HttpRefusal."""
        if http.may_be_longer(headers, self._anonymous_bytes) and await self._doors.viewer(headers) is not None:
            return self._body_bytes
        return self._anonymous_bytes
