"""SIGTERM under load: no acknowledged payment is lost, every client gets an answer, and the server stops soon."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.e2e import load, processes
from tests.e2e.crash import prove
from tests.e2e.customer import BALANCE_CHANGED
from tests.e2e.load import Load
from tests.e2e.processes import Installation

STOP_SECONDS = 10.0
LOAD_SECONDS = 1.5


@pytest.fixture
def installation(cluster_home: Path) -> Iterator[Installation]:
    with processes.installation(cluster_home / "stopped", **load.SETTINGS) as made:
        yield made


async def test_a_server_stopped_under_load_loses_no_payment_and_closes_sockets_with_1012(
    installation: Installation,
) -> None:
    server = await asyncio.to_thread(installation.start)
    clients = Load(server.url)
    await clients.open()
    async with AsyncExitStack() as open_:
        sockets = [await open_.enter_async_context(one.listening()) for one in clients.customers[:4]]
        for socket in sockets:
            await (await socket.subscribe(BALANCE_CHANGED)).next()
        running = asyncio.create_task(clients.run())
        await asyncio.sleep(LOAD_SECONDS)
        server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            assert [await socket.closed(STOP_SECONDS) for socket in sockets] == [1012] * len(sockets)
            assert await asyncio.to_thread(server.process.wait) == 0
    clients.stop()
    await running
    assert server.tracebacks() == []
    assert installation.postgres() == []

    again = await asyncio.to_thread(installation.start, PORT=server.url.rpartition(":")[2])
    await clients.settle()
    assert clients.broken == []
    await prove(installation, clients)
    await clients.close()
    assert await asyncio.to_thread(again.stop) == 0
