"""The faults of a soak run, and the loop that causes one after another."""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

from tests.soak.site import CLIENT_SECONDS, Site

KILLS = "kills"
OTHERS = "other faults"

LONG_SECONDS = 3.0
"""How long a stopped, locked or silent database stays so: longer than an order waits for a lock."""

CONNECT_SECONDS = 5.0

TERMINATE = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pocketpay'"
LOCK = "select id from ledger_accounts order by id for update"


async def kill_first_server(site: Site, chance: random.Random) -> None:
    """kill -9 of the server that embeds PostgreSQL; PostgreSQL goes on."""
    await _kill_servers(site, 0)


async def kill_second_server(site: Site, chance: random.Random) -> None:
    """kill -9 of the server behind the line."""
    await _kill_servers(site, 1)


async def kill_both_servers(site: Site, chance: random.Random) -> None:
    await _kill_servers(site, 0, 1)


async def kill_postgresql(site: Site, chance: random.Random) -> None:
    """kill -9 of the postmaster and of all its processes at once. The first server starts it again."""
    assert site.installation.kill_postgres() > 1


async def kill_postmaster(site: Site, chance: random.Random) -> None:
    """kill -9 of the postmaster only: its processes end by themselves."""
    os.kill(site.installation.postgres()[0], signal.SIGKILL)


async def kill_backend(site: Site, chance: random.Random) -> None:
    """kill -9 of one backend: PostgreSQL restarts all of them and recovers."""
    with contextlib.suppress(IndexError, ProcessLookupError):
        os.kill(chance.choice(site.backends()), signal.SIGKILL)


async def kill_everything(site: Site, chance: random.Random) -> None:
    """Both servers and PostgreSQL at the same moment, like a power failure of the machine."""
    site.kill(0)
    site.kill(1)
    site.installation.kill_postgres()
    await asyncio.gather(site.wait(0), site.wait(1))
    await site.restart(0)
    await site.restart(1)


async def terminate_connections(site: Site, chance: random.Random) -> None:
    """An administrator ends every connection of the servers."""
    await _as_owner(site, TERMINATE)


async def lose_replies(site: Site, chance: random.Random) -> None:
    """The connection breaks after PostgreSQL has executed a COMMIT and before its reply arrives, a few times."""
    site.line.lose_replies = chance.randint(1, 3)


async def lose_commits(site: Site, chance: random.Random) -> None:
    """The connection breaks before a COMMIT arrives, a few times."""
    site.line.lose_commits = chance.randint(1, 3)


async def go_silent(site: Site, chance: random.Random) -> None:
    """After a COMMIT no message passes any more, in either direction, and no connection breaks: clearing, readers and
    listener are black-holed. Later new connections work again."""
    site.line.mute_replies = 1
    await asyncio.sleep(2 * LONG_SECONDS)
    site.line.mute_replies = 0
    site.line.silent.clear()


async def stop_backends(site: Site, chance: random.Random) -> None:
    """The servers' backends stand still for a time, as on a disk that does not answer, and then go on."""
    stopped = site.backends()
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if number == signal.SIGSTOP:
            await asyncio.sleep(LONG_SECONDS)


async def lock_accounts(site: Site, chance: random.Random) -> None:
    """Another session locks every account for longer than an order waits for a lock."""
    await _as_owner(site, LOCK, seconds=LONG_SECONDS)


async def stop_server(site: Site, chance: random.Random) -> None:
    """SIGTERM under load: the server answers what it has accepted, and ends with 0."""
    number = chance.randrange(2)
    assert await asyncio.to_thread(site.running[number].stop, CLIENT_SECONDS) == 0
    await site.restart(number)


Fault = Callable[[Site, random.Random], Awaitable[None]]

FAULTS: dict[str, tuple[tuple[Fault, int], ...]] = {
    KILLS: (
        (kill_first_server, 2),
        (kill_second_server, 3),
        (kill_both_servers, 1),
        (kill_postgresql, 3),
        (kill_postmaster, 1),
        (kill_backend, 3),
        (kill_everything, 1),
    ),
    OTHERS: (
        (terminate_connections, 2),
        (lose_replies, 4),
        (lose_commits, 2),
        (go_silent, 1),
        (stop_backends, 1),
        (lock_accounts, 1),
        (stop_server, 1),
    ),
}
"""The faults with their weights."""

KILLS_OF = 0.7
"""The probability that the next fault is a kill."""


@dataclass
class Faults:
    """Causes faults until it is told to stop. `counts` are the numbers of each."""

    site: Site
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    kills: int = 0

    async def cause(self, fault: Fault) -> None:
        """Causes one fault. Returns when every server that it killed is started again."""
        await fault(self.site, self.chance)
        self.counts[fault.__name__] += 1
        self.kills += any(fault is one for one, _ in FAULTS[KILLS])

    async def one_after_another(self, done: Callable[[], bool], progress: Callable[[], Awaitable[None]]) -> None:
        """Causes random faults until `done`. Between two of them it waits for `progress`: a fault is only worth
        something when the load runs again."""
        while not done():
            await progress()
            await asyncio.sleep(self.chance.uniform(0, 1.5))
            faults = FAULTS[KILLS if self.chance.random() < KILLS_OF else OTHERS]
            (fault,) = self.chance.choices([one for one, _ in faults], weights=[weight for _, weight in faults])
            await self.cause(fault)


async def _kill_servers(site: Site, *numbers: int) -> None:
    for number in numbers:
        site.kill(number)
    await asyncio.gather(*(site.wait(number) for number in numbers))
    for number in numbers:
        await site.restart(number)


async def _as_owner(site: Site, statement: str, seconds: float = 0.0) -> None:
    """Executes a statement in a transaction, and keeps that open for a time. Nothing happens while PostgreSQL is
    down."""
    with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection = await asyncpg.connect(site.postgres.owner_dsn, timeout=CONNECT_SECONDS)
        try:
            async with connection.transaction():
                await connection.execute(statement)
                await asyncio.sleep(seconds)
        finally:
            await connection.close(timeout=CONNECT_SECONDS)
