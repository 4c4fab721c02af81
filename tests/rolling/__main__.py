"""A rolling restart of two servers behind nginx, under load, while SECRET_KEY is replaced: no client notices it.

    make rolling
    make rolling ARGS="--rounds 10 --drain 0"

In each round both servers are restarted, one after the other: SIGTERM, wait for the end, start again, wait until it
is ready. In the first round they accept a new key, in the second they sign with it. Customers pay through nginx
without pause. Afterwards their record is compared with the books.
"""

import argparse
import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests import commands
from tests.e2e import load, processes
from tests.e2e.crash import prove
from tests.e2e.customer import BALANCE_CHANGED, sign_up
from tests.e2e.load import Load
from tests.e2e.processes import Installation, Running
from tests.leftovers import run_folder
from tests.rolling.nginx import NoNginx, nginx

PAUSE_SECONDS = 1.0
"""Seconds for which the load goes on with both servers."""
CLIENTS = 16
SOCKETS = 4


OLD, NEW = "o" * 64, "n" * 64
KEYS = (
    {"SECRET_KEY": OLD, "SECRET_KEY_FALLBACKS": NEW},
    {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": OLD},
)


async def restarted(installation: Installation, server: Running, keys: dict[str, str]) -> Running:
    """Stops the server as a service manager does, and starts it again on its port."""
    server.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(server.process.wait, 60) == 0
    assert server.tracebacks() == []
    again = await asyncio.to_thread(installation.start, PORT=server.url.rpartition(":")[2], **keys)
    async with httpx.AsyncClient(base_url=again.url) as http:
        assert (await http.get("/readyz")).status_code == 200
    return again


async def roll(folder: Path, installation: Installation, rounds: int) -> str:
    """Restarts both servers in each round. Returns the report."""
    servers = [await asyncio.to_thread(installation.start) for _ in range(2)]
    async with nginx(folder, [int(server.url.rpartition(":")[2]) for server in servers]) as proxy:
        clients = Load(proxy.url, clients=CLIENTS)
        await clients.open()
        running = asyncio.create_task(clients.run())
        closed = []
        for round_ in range(rounds):
            keys = KEYS[min(round_, len(KEYS) - 1)]
            async with AsyncExitStack() as open_:
                sockets = [await open_.enter_async_context(one.listening()) for one in clients.customers[:SOCKETS]]
                for socket in sockets:
                    await (await socket.subscribe(BALANCE_CHANGED)).next()
                for number, server in enumerate(servers):
                    servers[number] = await restarted(installation, server, keys)
                    # Their requests reach both servers: one signs with a key that the other only accepts.
                    newcomers = [await sign_up(clients.customers[0].http) for _ in range(2)]
                    for newcomer in newcomers * 4:
                        assert await newcomer.available() == "100.00"
                    await asyncio.sleep(PAUSE_SECONDS)
                closed += [await socket.closed() for socket in sockets]
        clients.stop()
        await running
        statuses, complaints = proxy.statuses(), proxy.complaints()
        left = await clients.settle()
        await prove(installation, clients)
        await clients.close()
    for server in servers:
        assert await asyncio.to_thread(server.stop) == 0
    report = (
        f"{2 * rounds} restarts, {len(clients.orders)} orders. Statuses: {dict(statuses)}. Answers: "
        f"{dict(clients.answers)}. {left} orders were sent again. Longest answer {clients.slowest_seconds:.2f} s.\n"
    )
    assert clients.broken == [], report + clients.broken[0]
    assert set(statuses) <= {"101", "200"}, report + "\n".join(complaints[:5])
    assert clients.answers["nobody there"] + clients.answers["refused"] + left == 0, report
    assert set(closed) == {1012}, report
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drain", type=float, default=5.0, help="DRAIN_SECONDS")
    chosen = parser.parse_args()
    settings = load.SETTINGS | {"DRAIN_SECONDS": str(chosen.drain), "SECRET_KEY": OLD}
    with (
        run_folder(None) as folder,
        commands.forking(),
        processes.installation(folder / "rolling", None, **settings) as installation,
    ):
        try:
            sys.stdout.write(asyncio.run(roll(folder / "nginx", installation, chosen.rounds)))
        except NoNginx as missing:
            sys.exit(str(missing))
    sys.stdout.write("No client noticed, and the books are right.\n")


if __name__ == "__main__":
    main()
