"""Collects the metrics of several worker processes: the supervisor adds up the counts of all workers.

    Prometheus ─► a worker ── ask ─► supervisor ── give ─► the other workers
    Prometheus ◄─ that worker ◄─ text ── supervisor ◄─ families ──┘

A stream socket connects each worker with the supervisor; a message is its length and then JSON. When a
worker does not answer within ANSWER_SECONDS, the sum has the counters that it reported last, so that no counter goes
down. The last report of an ended worker is kept for the same reason.

Decision 63 gives the reasons.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from pocketpay.errors import PocketPayError
from pocketpay.serving import exposition
from pocketpay.serving.exposition import Family, family_of, lasting, merged, of_workers

ANSWER_SECONDS = 1.0
"""How long the supervisor waits for the other workers at most. A worker answers within milliseconds, unless its event
loop is blocked."""

ASK_SECONDS = 3.0
"""How long a worker waits for the supervisor at most."""

LENGTH_BYTES = 4


class NoAnswer(PocketPayError):
    """The supervisor did not answer."""


class MetricsChannel:
    """One end of the socket between a worker and the supervisor."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, end: socket.socket) -> "MetricsChannel":
        """Takes over the socket."""
        end.setblocking(False)
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends a message without waiting. A receiver that is blocked gets no further messages."""
        data = orjson.dumps(message)
        self._writer.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)

    async def receive(self) -> Any:
        """Returns the next message. Raises IncompleteReadError or ConnectionError at the end."""
        length = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
        return orjson.loads(await self._reader.readexactly(length))

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


ENDED = (asyncio.IncompleteReadError, ConnectionError)


class WorkerExchange:
    """The worker's side. `own` returns the families of this worker."""

    def __init__(self, channel: MetricsChannel, own: Callable[[], list[Family]]) -> None:
        self._channel, self._own = channel, own
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._number = 0
        self._task = asyncio.create_task(self._run(), name="exchange of metrics")

    async def text(self) -> bytes:
        """Returns the metrics of all workers in the text format. Raises NoAnswer."""
        self._number += 1
        number = self._number
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        try:
            self._channel.send({"ask": number, "families": self._own()})
            async with asyncio.timeout(ASK_SECONDS):
                return await future
        except (TimeoutError, *ENDED):
            raise NoAnswer("the supervisor does not answer") from None
        finally:
            del self._asked[number]

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._channel.close()

    async def _run(self) -> None:
        with contextlib.suppress(*ENDED):
            while True:
                message = await self._channel.receive()
                if "give" in message:
                    self._channel.send({"given": message["give"], "families": self._own()})
                elif (future := self._asked.get(message["answer"])) is not None and not future.done():
                    future.set_result(message["text"].encode())
        for future in self._asked.values():
            if not future.done():
                future.set_exception(ConnectionResetError())


class SupervisorExchange:
    """The supervisor's side. `configured` is the number of workers that should run."""

    def __init__(self, configured: int) -> None:
        self._configured = configured
        self._channels: dict[str, MetricsChannel] = {}
        self._reported: dict[str, list[Family]] = {}
        """The last report of each worker."""
        self._ended: list[Family] = []
        """The sum of the last reports of ended workers."""
        self._given: dict[tuple[str, int], asyncio.Future[None]] = {}
        self._number = 0
        self._answers: set[asyncio.Task[None]] = set()
        self.restarts = 0

    async def serve(self, worker: str, end: socket.socket) -> None:
        """Exchanges messages with a worker until it ends. `worker` is its number, from 1."""
        channel = self._channels[worker] = await MetricsChannel.open(end)
        try:
            while True:
                message = await channel.receive()
                self._reported[worker] = [family_of(one) for one in message["families"]]
                if "ask" in message:
                    task = asyncio.create_task(self._answer(worker, channel, message["ask"]))
                    self._answers.add(task)
                    task.add_done_callback(self._answers.discard)
                elif (future := self._given.get((worker, message["given"]))) is not None and not future.done():
                    future.set_result(None)
        except ENDED:
            pass
        finally:
            await channel.close()
            if self._channels.get(worker) is channel:
                del self._channels[worker]
            self._keep(worker)

    def _keep(self, worker: str) -> None:
        """Adds the last report of an ended worker to the sum."""
        families = lasting(self._reported.pop(worker, []))
        self._ended = merged({"": families}, "", self._ended)

    async def _answer(self, asked: str, channel: MetricsChannel, number: int) -> None:
        families = self._reported[asked]
        answering = {asked, *await self._gather(asked)}
        workers: dict[str, Sequence[Family]] = {asked: families}
        for worker, reported in self._reported.items():
            if worker != asked:
                workers[worker] = reported if worker in answering else lasting(reported)
        total = merged(workers, asked, self._ended)
        about = of_workers(self._configured, len(answering), self.restarts)
        with contextlib.suppress(*ENDED):
            channel.send({"answer": number, "text": exposition.text([*total, *about]).decode()})

    async def _gather(self, asked: str) -> list[str]:
        """Asks the other workers for their families. Returns those that answered in time."""
        self._number += 1
        number, waiting = self._number, dict[str, asyncio.Future[None]]()
        for worker, channel in self._channels.items():
            if worker != asked:
                waiting[worker] = self._given[worker, number] = asyncio.get_running_loop().create_future()
                with contextlib.suppress(*ENDED):
                    channel.send({"give": number})
        try:
            if waiting:
                await asyncio.wait(waiting.values(), timeout=ANSWER_SECONDS)
            return [worker for worker, future in waiting.items() if future.done()]
        finally:
            for worker in waiting:
                del self._given[worker, number]
