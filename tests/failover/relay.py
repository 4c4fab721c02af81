"""A TCP relay in front of a node, through which its standbys replicate. It can be cut without closing anything."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter

from tests.failover.nodes import free_port


class Relay:
    """Forwards bytes to `port` until it is cut. What is sent while it is cut is lost."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._target = port
        self._is_cut = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    def cut(self) -> None:
        """From now on nothing passes, in either direction, and nobody is told."""
        self._is_cut = True

    def mend(self) -> None:
        """Closes what was open while it was cut; new connections pass."""
        self._is_cut = False
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, away = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass(reader, away))
                    both.create_task(self._pass(there, writer))
            except* (OSError, EOFError):
                pass
            finally:
                away.transport.abort()
        writer.transport.abort()
        self._tasks.discard(task)

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            if not self._is_cut:
                writer.write(chunk)
                await writer.drain()
        raise EOFError
