"""SIGTERM under load: the server drains, no request is lost, and the server stops soon."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.e2e import load, processes
from tests.e2e.crash import prove
from tests.e2e.customer import BALANCE_CHANGED
from tests.e2e.load import Load
from tests.e2e.processes import Installation

STOP_SECONDS = 10.0
DRAIN_SECONDS = 2.0
LOAD_ORDERS = 100


@pytest.fixture
def installation(cluster_home: Path, seeded_data: Path) -> Iterator[Installation]:
    with processes.installation(
        cluster_home / "stopped", seeded_data, DRAIN_SECONDS=str(DRAIN_SECONDS), **load.SETTINGS
    ) as made:
        yield made


async def test_a_server_stopped_under_load_loses_no_request_and_closes_sockets_with_1012(
    installation: Installation,
) -> None:
    server = await asyncio.to_thread(installation.start)
    clients = Load(server.url, clients=8, pause_seconds=0.02)
    await clients.open()
    async with AsyncExitStack() as open_:
        sockets = [await open_.enter_async_context(one.listening()) for one in clients.customers[:4]]
        for socket in sockets:
            await (await socket.subscribe(BALANCE_CHANGED)).next()
        running = asyncio.create_task(clients.run())
        while len(clients.orders) < LOAD_ORDERS:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        async with httpx.AsyncClient(base_url=server.url) as http, asyncio.timeout(DRAIN_SECONDS + STOP_SECONDS):
            while (ready := await http.get("/readyz")).status_code == 200:  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.01)
            assert ready.json()["server"] == "stopping"
            assert ready.headers["connection"] == "close"
            orders = len(clients.orders)
            while len(clients.orders) < orders + clients.clients:  # noqa: ASYNC110  # it still serves
                await asyncio.sleep(0.01)
            assert clients.answers["refused"] == 0
            assert [await socket.closed(STOP_SECONDS) for socket in sockets] == [1012] * len(sockets)
            assert await asyncio.to_thread(server.process.wait) == 0
    clients.stop()
    await running
    assert clients.answers["nobody there"] == 0
    assert clients.answers["refused"] > 0
    assert server.tracebacks() == []
    assert installation.postgres() == []

    again = await asyncio.to_thread(installation.start, PORT=server.url.rpartition(":")[2])
    await clients.settle()
    assert clients.broken == []
    await prove(installation, clients)
    await clients.close()
    assert await asyncio.to_thread(again.stop) == 0
