"""A websocket client that stops reading, with production's timeouts: it is dropped and no other client is
affected."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.customer import MONEY, at, sign_up
from tests.e2e.processes import NO_CONFIRMATION, Installation, Running
from tests.serving.stuck_peer import stuck_peer

SUBSCRIPTIONS = 20
DROPPED_SECONDS = (7.0, 14.0)
"""The limits: eight seconds of silence, after the connection's buffers are full."""

NOTICED_SECONDS = 2.0
FULL_SECONDS = 2.0
"""After this time the buffers are full, and the peer only has to stay silent."""

PAUSE_SECONDS = 0.2


@pytest.fixture
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start(**NO_CONFIRMATION)
    yield running
    assert running.stop() == 0
    assert running.tracebacks() == []


async def test_a_peer_that_stops_reading_is_dropped_in_about_ten_seconds(server: Running) -> None:
    loop = asyncio.get_running_loop()
    async with at(server.url) as http:
        ada, bea = await sign_up(http), await sign_up(http)
        wide = " ".join(f"b{number}: balance {MONEY} h{number}: held {MONEY}" for number in range(14))
        watch = f"subscription {{ balanceChanged {{ id version {wide} }} }}"
        stuck = await asyncio.to_thread(stuck_peer, server.url, ada.token, [watch] * SUBSCRIPTIONS)
        async with bea.listening() as socket:
            balance = await socket.subscribe("subscription { balanceChanged { available { amount } } }")
            await balance.next()
            assert await sockets(http) == 2
            began, slowest = loop.time(), 0.0
            while await sockets(http) == 2:
                if loop.time() - began > FULL_SECONDS:
                    await asyncio.sleep(PAUSE_SECONDS)
                await asyncio.gather(*(ada.deposit("0.01") for _ in range(5)))
                asked = loop.time()
                await bea.deposit("0.01")
                while (await balance.next())["available"]["amount"] != await bea.available():
                    pass
                slowest = max(slowest, loop.time() - asked)
                assert loop.time() - began < 30
            dropped_after = loop.time() - began
        stuck.close()
    assert DROPPED_SECONDS[0] < dropped_after < DROPPED_SECONDS[1]
    assert slowest < NOTICED_SECONDS


async def sockets(http: httpx.AsyncClient) -> float:
    """Returns the number of open sockets from the server's metrics."""
    lines = (await http.get("/metrics")).text.splitlines()
    (line,) = [line for line in lines if line.startswith("pocketpay_sockets ")]
    return float(line.split()[1])
