"""A TCP proxy in front of a server, which causes one fault once."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.patience import PATIENCE_SECONDS

PAYS = b"mutation Pay"
TOKEN = re.compile(rb"(authorization: bearer )(.{8})", re.IGNORECASE)


class Proxy:
    """Forwards connections to the server at `to`, with one of these faults.

    `loses_answer`: the first payment reaches the server, and its answer is cut off.
    `spoils_token`: the access token of the first request that has one is changed.
    """

    def __init__(self, to: str, *, loses_answer: bool = False, spoils_token: bool = False) -> None:
        parts = urlsplit(to)
        self._host, self._port = parts.hostname, parts.port
        self.loses_answer, self.spoils_token = loses_answer, spoils_token
        self.did = 0

    async def serve(self, started: Callable[[str], None], stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        async with server:
            started(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            await stop.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, to_server = await asyncio.open_connection(self._host, self._port)
        cut = asyncio.Event()
        there = asyncio.create_task(self._there(reader, to_server, cut))
        back = asyncio.create_task(self._back(upstream, writer, cut))
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        for task in (there, back):
            task.cancel()
        await asyncio.wait({there, back})
        for closing in (to_server, writer):
            closing.close()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while data := await reader.read(65_536):
            if self.spoils_token and TOKEN.search(data):
                self.spoils_token = False
                self.did += 1
                data = TOKEN.sub(rb"\1xxxxxxxx", data)
            if self.loses_answer and PAYS in data:
                self.loses_answer = False
                self.did += 1
                cut.set()
            writer.write(data)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while data := await reader.read(65_536):
            if cut.is_set():
                return
            writer.write(data)
            await writer.drain()


@contextmanager
def proxying(proxy: Proxy) -> Iterator[str]:
    """Runs the proxy in a thread during the block. Yields its URL."""
    started, address = threading.Event(), []
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    def note(url: str) -> None:
        address.append(url)
        started.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(note, stop)), daemon=True)
    thread.start()
    assert started.wait(PATIENCE_SECONDS)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
