"""SIGTERM in the middle of everything: nothing acknowledged is lost, everybody is told, and it is over soon."""

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
from tests.e2e.processes import House

STOP_SECONDS = 10.0
LOAD_SECONDS = 1.5


@pytest.fixture
def house(cluster_home: Path) -> Iterator[House]:
    with processes.house(cluster_home / "stopped", **load.SETTINGS) as made:
        yield made


async def test_stopped_under_load_it_keeps_its_word_and_closes_its_sockets_with_1012(house: House) -> None:
    server = await asyncio.to_thread(house.start)
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
    assert house.postgres() == []

    again = await asyncio.to_thread(house.start, PORT=server.url.rpartition(":")[2])
    await clients.settle()
    assert clients.broken == []
    await prove(house, clients)
    await clients.close()
    assert await asyncio.to_thread(again.stop) == 0
