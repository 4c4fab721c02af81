"""A connection pooler in transaction mode: each transaction of a client gets whatever session is free."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

SOCKET = ".s.PGSQL.5432"


@dataclass
class Session:
    """A session of PostgreSQL, and what it said when it began."""

    reader: StreamReader
    writer: StreamWriter
    greeting: bytes


class TransactionPooler:
    """Lends sessions through one Unix socket. The session used last is lent first, as PgBouncer does."""

    def __init__(self, server_socket: str) -> None:
        self._server_socket = server_socket
        self._idle: list[Session] = []
        self._all: list[Session] = []
        self._clients: set[asyncio.Task[None]] = set()

    async def accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await self._serve(reader, writer)
        writer.transport.abort()
        self._clients.discard(task)

    async def close(self) -> None:
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        for session in self._all:
            session.writer.transport.abort()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        length = await reader.readexactly(4)
        startup = length + await reader.readexactly(int.from_bytes(length) - 4)
        session = self._idle.pop() if self._idle else await self._open(startup)
        writer.write(session.greeting)
        self._idle.append(session)
        answering: asyncio.Task[None] | None = None
        try:
            while True:
                letter, message = await _message(reader)
                if letter == b"X":
                    return
                if answering is None or answering.done():
                    session = self._idle.pop() if self._idle else await self._open(startup)
                    answering = asyncio.create_task(self._answer(session, writer))
                session.writer.write(message)
        finally:
            if answering is not None and not answering.done():
                answering.cancel()
                session.writer.transport.abort()

    async def _answer(self, session: Session, writer: StreamWriter) -> None:
        """Passes answers on until no transaction is open. Then the session is free."""
        while True:
            letter, message = await _message(session.reader)
            ended = letter == b"Z" and message[5:] == b"I"
            if ended:
                self._idle.append(session)
            writer.write(message)
            if ended:
                return

    async def _open(self, startup: bytes) -> Session:
        reader, writer = await asyncio.open_unix_connection(self._server_socket)
        writer.write(startup)
        greeting = b""
        while True:
            letter, message = await _message(reader)
            greeting += message
            if letter == b"Z":
                session = Session(reader, writer, greeting)
                self._all.append(session)
                return session


async def _message(reader: StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


@asynccontextmanager
async def transaction_pooler(dsn: str, folder: Path) -> AsyncIterator[str]:
    """A pooler in front of the database of that DSN. Returns the DSN that leads through it."""
    parts = urlsplit(dsn)
    pooler = TransactionPooler(f"{parse_qs(parts.query)['host'][0]}/{SOCKET}")
    server = await asyncio.start_unix_server(pooler.accept, folder / SOCKET)
    try:
        yield urlunsplit(parts._replace(query=f"host={quote(str(folder))}&port=5432"))
    finally:
        server.close()
        await pooler.close()
        await server.wait_closed()
