"""`make bench ARGS="pushes"`: the rate of pushes to many sockets, and how late a push arrives under load.

The rate is measured as in a comparison of two versions (`pushes.py`), with SOCKETS sockets.

For the delay, every user has one socket that is subscribed to `transactionUpdated`, and RATE payments a second are
sent at fixed times, whether the payments before have been answered or not. A delay is the time from `completedAt` to
the arrival of the push. `completedAt` is the database's clock before the unit of work writes. So a delay includes the
write and the commit: the time from the commit alone is shorter. Each payment is pushed to its sender and to its
recipient.
"""

import asyncio
import re
import statistics
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from benchmarks import crowd, pushes
from benchmarks.crowd import Person, pay, payees_of
from benchmarks.errors import BenchmarkError
from benchmarks.graphql import Client
from benchmarks.one_server import measured
from benchmarks.side import Side
from benchmarks.subscriber import Subscriber
from benchmarks.table import machine
from benchmarks.window import pooled

SOCKETS = 500
WINDOWS, WINDOW_SECONDS = 5, 3

RATE = 1_000
CLIENTS = 64
DELAY_SECONDS = 10
WARM_UP_SECONDS = 2


class Delays:
    """The delays of the pushes to one user, in seconds."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.seconds: list[float] = []
        self.failure: str | None = None

    def fail(self, reason: str) -> None:
        self.failure = self.failure or reason


class TransactionSubscriber(Subscriber[Delays]):
    """A subscriber to the transactions of a user."""

    query = "subscription { transactionUpdated { id completedAt } }"
    found = re.compile(rb'"completedAt": ?"([^"]+)"')

    def received(self, text: bytes) -> None:
        self._watched.seconds.append(time.time() - datetime.fromisoformat(text.decode()).timestamp())


def run_and_print() -> None:
    """Measures this checkout and prints two lines."""
    lines, audit = measured(_measure)
    print("\n".join([f"{machine()}.", *lines, f"- Audit: {audit}"]))


async def _measure(side: Side) -> list[str]:
    people = await crowd.make(side.port)
    windows = [
        await pushes.measure(side.port, people, WINDOW_SECONDS, side.cpu, sockets=SOCKETS) for _ in range(WINDOWS + 1)
    ][1:]
    rates = sorted(window.per_second for window in windows)
    whole = pooled(windows)
    sent, delays = await delays_under_load(side.port, people)
    cuts = statistics.quantiles(delays, n=100)
    return [
        f"- {SOCKETS} sockets: {statistics.median(rates):,.0f} pushes per second "
        f"[{rates[0]:,.0f} to {rates[-1]:,.0f}], {whole.server_us:.0f} µs of the server for each.",
        f"- {sent:,.0f} transfers per second: {len(delays):,} pushes arrived {cuts[49] * 1e3:.1f} ms (median) and "
        f"{cuts[98] * 1e3:.1f} ms (99 %) after the unit of work had read its clock.",
    ]


async def delays_under_load(port: int, people: Sequence[Person]) -> tuple[float, list[float]]:
    """Returns the transfers per second that were answered, and the delay of each push in seconds.

    Raises BenchmarkError when a socket fails, a payment is not completed, or a push is missing.
    """
    loop = asyncio.get_running_loop()
    watched = [Delays(person) for person in people]
    subscribers = [
        (await loop.create_connection(partial(TransactionSubscriber, one), "127.0.0.1", port))[1] for one in watched
    ]
    clients = [await Client.open(port) for _ in range(CLIENTS)]
    try:
        await asyncio.sleep(WARM_UP_SECONDS / 2)  # until all are subscribed
        await _pay(clients, people, WARM_UP_SECONDS)
        await asyncio.sleep(WARM_UP_SECONDS / 2)
        for one in watched:
            one.seconds.clear()
        started = loop.time()
        paid = await _pay(clients, people, DELAY_SECONDS)
        elapsed = loop.time() - started
        await asyncio.sleep(1)
    finally:
        for closing in (*subscribers, *clients):
            closing.close()
    if failed := [one.failure for one in watched if one.failure is not None]:
        raise BenchmarkError(failed[0])
    delays = [seconds for one in watched for seconds in one.seconds]
    if len(delays) != 2 * paid:
        raise BenchmarkError(f"{paid} payments were pushed {len(delays)} times, not {2 * paid} times.")
    return paid / elapsed, delays


async def _pay(clients: Sequence[Client], people: Sequence[Person], seconds: float) -> int:
    """Sends RATE payments a second, each client at its own fixed times. Returns how many were completed."""
    loop = asyncio.get_running_loop()
    started, step = loop.time(), CLIENTS / RATE

    async def keep_paying(number: int, client: Client) -> int:
        for count in range(int(seconds / step)):
            due = started + number / RATE + count * step
            await asyncio.sleep(max(0.0, due - loop.time()))
            payer = (number + count * CLIENTS) % len(people)
            payees = payees_of(list(people), payer)
            _, status = await pay(client, people[payer], payees[count % len(payees)])
            if status != "COMPLETED":
                raise BenchmarkError(f"A payment of {people[payer].username} is {status}.")
        return int(seconds / step)

    return sum(await asyncio.gather(*(keep_paying(number, client) for number, client in enumerate(clients))))
