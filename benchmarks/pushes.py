"""Measures pushes: a few wallets with many subscribers each, and one payment at a time to every wallet.

The next payment to a wallet starts when all its subscribers have received the push of the last one. So two changes
are never combined into one push, every version does the same work for a push, and a lost push is detected.
"""

import asyncio
import random
from collections.abc import Callable

from benchmarks.cpu import Cpu
from benchmarks.crowd import Person, pay, payers_of
from benchmarks.errors import BenchmarkError
from benchmarks.graphql import Client
from benchmarks.subscriber import WatchedWallet
from benchmarks.window import Window

WALLETS = 4
SOCKETS = 200


async def measure(
    port: int, crowd: list[Person], seconds: float, cpu: Callable[[], Cpu], *, sockets: int = SOCKETS
) -> Window:
    """Measures one window of pushes to that many sockets, which are subscribed before the window starts."""
    spacing = len(crowd) // WALLETS
    watched = {number: WatchedWallet(crowd[number]) for number in range(0, len(crowd), spacing)}
    clients = [await Client.open(port) for _ in watched]
    try:
        for wallet in watched.values():
            await wallet.open(port, sockets // WALLETS)
        loop = asyncio.get_running_loop()
        pushes, before, started = _pushes(watched), cpu(), loop.time()
        async with asyncio.TaskGroup() as payments:
            for client, (number, wallet) in zip(clients, watched.items(), strict=True):
                payments.create_task(_keep_paying(client, payers_of(crowd, number), wallet, started + seconds))
        elapsed, used = loop.time() - started, cpu() - before
        return Window(_pushes(watched) - pushes, elapsed, used)
    finally:
        for closing in (*watched.values(), *clients):
            closing.close()


async def _keep_paying(client: Client, payers: list[Person], wallet: WatchedWallet, until: float) -> None:
    while asyncio.get_running_loop().time() < until:
        version = wallet.newest + 1
        _, status = await pay(client, random.choice(payers), wallet.person)
        if status != "COMPLETED":
            raise BenchmarkError(f"A payment to {wallet.person.username} is {status}.")
        await wallet.reach(version)


def _pushes(watched: dict[int, WatchedWallet]) -> int:
    return sum(wallet.pushes for wallet in watched.values())
