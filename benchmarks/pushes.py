"""Pushes: a few wallets with many subscribers each, and one payer at a time for every wallet.

The next payment to a wallet starts when all its subscribers have received the last one. So no two changes are
combined into one push, every version does the same work for a push, and a lost push is found.
"""

import asyncio
import random
from collections.abc import Callable

from benchmarks.cpu import Cpu
from benchmarks.crowd import Person, pay, payers_of
from benchmarks.errors import BenchmarkError
from benchmarks.graphql import Client
from benchmarks.subscriber import Watched
from benchmarks.window import Window

WALLETS = 4
SOCKETS = 200


async def measure(port: int, crowd: list[Person], seconds: float, cpu: Callable[[], Cpu]) -> Window:
    """One window of pushes; connecting and subscribing happen before it."""
    spacing = len(crowd) // WALLETS
    watched = {number: Watched(crowd[number]) for number in range(0, len(crowd), spacing)}
    clients = [await Client.open(port) for _ in watched]
    try:
        for wallet in watched.values():
            await wallet.open(port, SOCKETS // WALLETS)
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


async def _keep_paying(client: Client, payers: list[Person], wallet: Watched, until: float) -> None:
    while asyncio.get_running_loop().time() < until:
        version = wallet.newest + 1
        _, status = await pay(client, random.choice(payers), wallet.person)
        if status != "COMPLETED":
            raise BenchmarkError(f"A payment to {wallet.person.username} is {status}.")
        await wallet.reach(version)


def _pushes(watched: dict[int, Watched]) -> int:
    return sum(wallet.pushes for wallet in watched.values())
