"""`make bench ARGS="sockets"`: the memory of a server for each idle websocket that is subscribed to `balanceChanged`.

It is the growth of the proportional set size (PSS) in /proc, which counts shared pages once. The first sockets do not
count: they fill caches.
"""

import asyncio
from pathlib import Path

from benchmarks import crowd
from benchmarks.crowd import Person
from benchmarks.one_server import measured
from benchmarks.side import Side
from benchmarks.subscriber import WatchedWallet
from benchmarks.table import machine

FIRST = 200
SOCKETS = 200
STEPS = 8
"""A step is one wallet with SOCKETS subscribers."""


def run_and_print() -> None:
    """Measures this checkout and prints a line."""
    kib, _ = measured(_measure)
    print(f"{machine()}; {STEPS * SOCKETS:,} idle sockets: {kib:.1f} KiB each.")


async def _measure(side: Side) -> float:
    people = await crowd.make(side.port)
    opened: list[WatchedWallet] = []
    try:
        await _open(side, people[0], FIRST, opened)
        before = _pss_kib(side)
        for step in range(1, STEPS + 1):
            await _open(side, people[step], SOCKETS, opened)
        await asyncio.sleep(1)
        return (_pss_kib(side) - before) / (STEPS * SOCKETS)
    finally:
        for wallet in opened:
            wallet.close()


async def _open(side: Side, person: Person, sockets: int, opened: list[WatchedWallet]) -> None:
    wallet = WatchedWallet(person)
    opened.append(wallet)
    await wallet.open(side.port, sockets)


def _pss_kib(side: Side) -> int:
    return sum(_pss(Path("/proc", str(pid), "smaps_rollup")) for pid in side.processes())


def _pss(file: Path) -> int:
    return next(int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith("Pss:"))
