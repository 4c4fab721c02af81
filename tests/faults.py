"""Faults between the server and PostgreSQL: lost replies, lost requests, and connections that go silent."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

SOCKET = ".s.PGSQL.5432"


class Line:
    """A proxy between one Unix socket and PostgreSQL's, which forwards messages one by one.

    lose_replies    the next n commits are executed, and the connection breaks before their reply
    lose_commits    the next n commits never reach PostgreSQL: the connection breaks before them
    mute_replies    the next n commits are executed, and then the line is silent
    silent          no message passes in either direction, no connection breaks, new ones get no reply
    """

    def __init__(self, server_socket: str) -> None:
        self.server_socket = server_socket
        self.lose_replies = self.lose_commits = self.mute_replies = self.lost = 0
        self.silent = asyncio.Event()
        self._passing: set[asyncio.Task[None]] = set()

    async def take(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Handles a new connection."""
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(self.server_socket)
        except OSError:  # PostgreSQL is down
            writer.transport.abort()
            self._passing.discard(task)
            return
        both = (writer, server_writer)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pass(reader, server_writer, self._order))
                ways.create_task(self._pass(server_reader, writer, self._answer))
        except* (OSError, EOFError, asyncio.CancelledError):  # the connection ended, on purpose or not
            pass
        finally:
            for end in both:
                end.transport.abort()
            self._passing.discard(task)

    async def _pass(
        self, reader: StreamReader, writer: StreamWriter, message: Callable[[StreamReader], Awaitable[bytes]]
    ) -> None:
        while True:
            passing = await message(reader)
            if self.silent.is_set():
                await asyncio.sleep(3600)
            writer.write(passing)
            await writer.drain()

    async def _order(self, reader: StreamReader) -> bytes:
        """Reads what a client sends at once. A simple query is one message, and the driver sends it alone."""
        order = await reader.read(65_536)
        if not order:
            raise EOFError
        if order[:1] == b"Q" and b"commit\0" in order and self.lose_commits:
            self.lose_commits -= 1
            self._lose()
        return order

    async def _answer(self, reader: StreamReader) -> bytes:
        """Reads one message of PostgreSQL: a letter, its length in four bytes, the rest."""
        head = await reader.readexactly(5)
        body = await reader.readexactly(int.from_bytes(head[1:]) - 4)
        if head[:1] == b"C" and body == b"COMMIT\0":
            if self.lose_replies:
                self.lose_replies -= 1
                self._lose()
            if self.mute_replies:
                self.mute_replies -= 1
                self.silent.set()
        return head + body

    def _lose(self) -> None:
        self.lost += 1
        raise ConnectionAbortedError

    async def close(self) -> None:
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)


@asynccontextmanager
async def faulty_line(dsn: str, folder: Path) -> AsyncIterator[tuple[Line, str]]:
    """Opens a faulty line to the database of that DSN. Yields the line, and the DSN that uses it."""
    parts = urlsplit(dsn)
    line = Line(f"{parse_qs(parts.query)['host'][0]}/{SOCKET}")
    server = await asyncio.start_unix_server(line.take, folder / SOCKET)
    try:
        yield line, urlunsplit(parts._replace(query=f"host={quote(str(folder))}&port=5432"))
    finally:
        server.close()
        await line.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 1)
