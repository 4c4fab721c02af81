"""Workers that share a listening socket: each new connection is accepted by one that has the fewest."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from typing import cast

import pytest

from pocketpay.cli.listening import listen
from pocketpay.serving.connections import acceptor
from pocketpay.serving.connections.acceptor import Acceptor
from pocketpay.serving.connections.connections import AddressUsage, Connection, Connections
from pocketpay.serving.connections.limits import ConnectionLimits
from pocketpay.serving.connections.stage import Stage
from pocketpay.serving.connections.worker_counts import GONE, OwnCount, WorkerCounts
from tests.updates.waiting import until

FOREVER = 3_600.0


class Worker:
    """The acceptor of one worker and its connections."""

    def __init__(self, counts: WorkerCounts, workers: int, place: int, listening: socket.socket) -> None:
        self.connections, self.accepted = Connections(ConnectionLimits()), list[asyncio.WriteTransport]()
        self.count = OwnCount(counts.file, workers, place)
        self.connections.start_counting(self.count)
        self.acceptor = Acceptor(listening.dup(), self.connections, self.count, lambda: Accepted(self))

    def has(self, number: int) -> None:
        """Makes the worker have this number of connections, for the others too."""
        self.connections.expect(-self.connections.expected)
        self.connections.expect(number)

    def has_accepted(self, address: object) -> bool:
        return any(transport.get_extra_info("peername") == address for transport in self.accepted)

    async def close(self) -> None:
        for transport in self.accepted:
            transport.abort()
        self.acceptor.close()
        await self.acceptor.wait_closed()
        await asyncio.sleep(0)


class Accepted(asyncio.Protocol):
    """A connection that is counted."""

    usage: AddressUsage | None = None
    stage: Stage[Connection] | None = None

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)
        assert self._worker.connections.admit(self, "", asyncio.get_running_loop())
        self._worker.accepted.append(self.transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._worker.accepted.remove(self.transport)
        self._worker.connections.release(self)

    def expire(self) -> None: ...
    def drop(self) -> None: ...


class Workers(list[Worker]):
    """The workers of one supervisor."""

    def __init__(self, number: int, listening: socket.socket) -> None:
        super().__init__()
        self.counts, self.listening, self.port = WorkerCounts(number), listening, listening.getsockname()[1]
        self._clients: list[asyncio.StreamWriter] = []

    @property
    def accepted(self) -> list[int]:
        return [len(worker.accepted) for worker in self]

    async def connect(self) -> asyncio.StreamWriter:
        """Connects, and waits until a worker has accepted the connection."""
        before = sum(self.accepted)
        writer = await self.start_to_connect()
        await until(lambda: sum(self.accepted) > before)
        return writer

    async def start_to_connect(self) -> asyncio.StreamWriter:
        """Connects. The connection waits until a worker accepts it."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._clients.append(writer)
        return writer

    async def close(self) -> None:
        for client in self._clients:
            client.transport.abort()
        for worker in self:
            await worker.close()


@asynccontextmanager
async def workers_of(number: int, *, running: int | None = None) -> AsyncIterator[Workers]:
    """`number` workers on one port; only the first `running` accept connections, the others are blocked."""
    with listen("127.0.0.1", 0) as listening:
        workers = Workers(number, listening)
        for place in range(number if running is None else running):
            workers.append(Worker(workers.counts, number, place, listening))
        try:
            yield workers
        finally:
            await workers.close()


async def test_a_connection_is_accepted_by_a_worker_that_has_the_fewest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "PATIENCE_SECONDS", FOREVER)
    async with workers_of(3) as workers:
        for numbers in product(range(4), repeat=3):
            for worker, number in zip(workers, numbers, strict=True):
                worker.has(number)
            for worker in workers:
                worker.acceptor._look_again()  # the numbers have changed without a connection
            writer = await workers.connect()
            place = workers.accepted.index(1)
            assert numbers[place] == min(numbers), f"{numbers}: worker {place} accepted it"
            writer.close()
            await until(lambda: workers.accepted == [0, 0, 0])


@pytest.mark.parametrize("number", [2, 3])
async def test_connections_one_after_another_are_spread_evenly(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with workers_of(number) as workers:
        for _ in range(40):
            await workers.connect()
        assert max(workers.accepted) - min(workers.accepted) <= 4
        # The first worker loses all its connections. It gets the next ones, until it has as many as the others.
        for transport in list(workers[0].accepted):
            transport.abort()
        await until(lambda: workers.accepted[0] == 0)
        for _ in range(10):
            await workers.connect()
        assert workers.accepted[0] >= 8


async def test_a_blocked_worker_delays_a_connection_and_loses_none() -> None:
    async with workers_of(2, running=1) as workers:
        OwnCount(workers.counts.file, 2, 1).set(0)
        workers[0].has(5)
        for _ in range(3):
            await workers.connect()
        assert workers.accepted == [3]


async def test_a_worker_that_has_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "PATIENCE_SECONDS", FOREVER)
    async with workers_of(2, running=1) as workers:
        OwnCount(workers.counts.file, 2, 1).set(0)
        workers[0].has(5)
        workers.counts.leave(1)
        await workers.connect()
        assert workers.accepted == [1]


async def test_a_worker_that_drains_leaves_connections_to_the_others_and_the_last_one_to_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acceptor, "PATIENCE_SECONDS", FOREVER)
    async with workers_of(2) as workers:
        workers[1].has(1_000)
        workers[0].count.leave()
        workers[0].connections.expect(1)  # does not come back with a number
        await workers.connect()
        assert workers.accepted == [0, 1]
        workers[1].count.leave()
        for worker in workers:
            worker.acceptor._look_again()
        await workers.connect()
        assert sum(workers.accepted) == 2


async def test_after_a_connection_ends_a_worker_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "PATIENCE_SECONDS", FOREVER)
    async with workers_of(2, running=1) as workers:
        OwnCount(workers.counts.file, 2, 1).set(0)
        first = await workers.connect()
        waiting = await workers.start_to_connect()
        await until(lambda: workers[0].acceptor._timer is not None)
        address = waiting.get_extra_info("sockname")
        assert not workers[0].has_accepted(address)
        first.close()
        await until(lambda: workers[0].has_accepted(address))


async def test_an_error_of_the_system_is_logged_and_the_connection_is_accepted_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acceptor, "ERROR_SECONDS", 0.01)
    errors = [OSError(24, "Too many open files"), ConnectionAbortedError()]

    class Failing(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if errors:
                raise errors.pop()
            return super().accept()

    async with workers_of(1) as workers:
        (worker,) = workers
        worker.acceptor.close()
        with listen("127.0.0.1", 0) as listening:
            failing = Failing(fileno=listening.dup().detach())
            worker.acceptor = Acceptor(failing, worker.connections, worker.count, lambda: Accepted(worker))
            workers.port = listening.getsockname()[1]
            await workers.connect()
        assert errors == []


async def test_a_connection_that_ends_before_it_has_a_protocol_is_not_counted() -> None:
    async with workers_of(1) as workers:
        (worker,) = workers
        worker.connections.expect(1)
        worker.connections.expect(-1)
        assert worker.connections.expected == 0
        (await workers.connect()).close()
        await until(lambda: worker.connections.expected == 0)
        numbers = worker.count._numbers
        assert list(numbers) == [0]
        worker.count.leave()
        assert list(numbers) == [GONE]


async def test_connections_that_wait_together_are_not_all_accepted_by_the_first_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acceptor, "PATIENCE_SECONDS", FOREVER)
    async with workers_of(2, running=0) as workers:
        for _ in range(10):
            await workers.start_to_connect()
        OwnCount(workers.counts.file, 2, 1).set(3)
        workers.append(Worker(workers.counts, 2, 0, workers.listening))
        await until(lambda: workers[0].acceptor._timer is not None)
        assert workers[0].connections.expected == 4
