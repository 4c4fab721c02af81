"""A client of event streams that reads server-sent events as they arrive on a plain socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.patience import PATIENCE_SECONDS


@dataclass
class Stream:
    """An open response. `comments` is the number of comments so far."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    comments: int = 0
    _bytes: bytes = field(default=b"")

    async def event(self) -> tuple[str, Any] | None:
        """Returns the type and the parsed data of the next event; None at the end of the response."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while b"\n\n" not in self._bytes:
                piece = await self._piece()
                if not piece:
                    assert not self._bytes, "the response ends within an event"
                    return None
                self._bytes += piece
        block, _, self._bytes = self._bytes.partition(b"\n\n")
        if block.startswith(b":"):
            self.comments += 1
            return await self.event()
        lines = dict(line.split(b":", 1) for line in block.split(b"\n"))
        assert list(lines) == [b"event", b"data"]
        data = lines[b"data"].strip()
        return lines[b"event"].strip().decode(), json.loads(data) if data else None

    async def next(self) -> Any:
        """Returns the response in the next event, which must be `next`."""
        event = await self.event()
        assert event is not None
        assert event[0] == "next", event
        return event[1]

    async def rest(self) -> list[tuple[str, Any]]:
        """Returns the events until the end of the response."""
        events = []
        while (event := await self.event()) is not None:
            events.append(event)
        return events

    async def body(self) -> Any:
        """Returns the JSON of a response that is no event stream."""
        return json.loads(await self.reader.readexactly(int(self.headers["content-length"])))

    async def _piece(self) -> bytes:
        if "content-length" in self.headers:
            left = int(self.headers.pop("content-length"))
            self.headers["content-length"] = "0"
            return await self.reader.readexactly(left)
        size = int((await self.reader.readuntil(b"\r\n")).strip(), 16)
        return (await self.reader.readexactly(size + 2))[:-2]


@asynccontextmanager
async def streaming(
    port: int, query: str, *, token: str | None = None, accept: str = "text/event-stream", **members: Any
) -> AsyncIterator[Stream]:
    """Posts a document and reads the head of the response. Closes the connection at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"query": query, **members}).encode()
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: here\r\nAccept: {accept}\r\nContent-Type: application/json\r\n"
        f"X-Pocketpay-Cost: 0\r\n{bearer}Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        yield Stream(int(lines[0].split()[1]), headers, reader, writer)
    finally:
        writer.close()
