"""A small HTTP client for many connections: a general one would use more of the processor than the servers do."""

import asyncio
import json as json_
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Response:
    """The status and the body of a response."""

    status_code: int
    body: bytes

    def json(self) -> Any:
        return json_.loads(self.body)


@dataclass
class LeanClient:
    """Sends requests to the server at `url`, and keeps its connections open. A request is answered within `seconds`
    or fails. It fails with the errors of httpx, and is never sent twice."""

    url: str
    seconds: float
    _idle: list[Streams] = field(default_factory=list)

    async def post(self, path: str, *, json: Any, headers: Mapping[str, str]) -> Response:
        """Sends a POST. Raises httpx.TransportError."""
        streams = None
        try:
            async with asyncio.timeout(self.seconds):
                streams = self._idle.pop() if self._idle else await self._connect()
                response = await self._exchange(*streams, self._request(path, json, headers))
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"no answer within {self.seconds} s") from error
        except (OSError, EOFError) as error:
            raise (httpx.ConnectError if streams is None else httpx.ReadError)(str(error)) from error
        else:
            self._idle.append(streams)
            streams = None
            return response
        finally:
            if streams is not None:
                streams[1].transport.abort()

    def close(self) -> None:
        for _, writer in self._idle:
            writer.transport.abort()
        self._idle.clear()

    async def _connect(self) -> Streams:
        where = urlsplit(self.url)
        return await asyncio.open_connection(where.hostname, where.port)

    def _request(self, path: str, json: Any, headers: Mapping[str, str]) -> bytes:
        body = json_.dumps(json).encode()
        fields = {"Host": urlsplit(self.url).netloc, "Content-Type": "application/json", **headers}
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Response:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("\r\ncontent-length:")[2].partition("\r\n")[0])
        return Response(int(head.split(" ", 2)[1]), await reader.readexactly(length))
