"""Customers of a model at two servers under faults, and the check of what remains.

Many walks run at the same time. Each has its own customers and its own model, and compares every response with it
(`tests/walks/http_walk.py`), so an operation that was lost or done twice shows in the next balance. At the end, when
all is quiet, all rows are compared with the models, all keys with what the clients were answered, the journal is
replayed, and the audit runs.
"""

import asyncio
import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.processes import Installation
from tests.soak.careless import Careless
from tests.soak.faults import Fault, Faults
from tests.soak.site import Site, site
from tests.walks import journal, stored
from tests.walks.history import History, Verdict
from tests.walks.http_walk import HttpWalk

STEPS = 1_000
AT_ONCE = 50
"""Walks that run at the same time."""

SIGNING_UP = 4
"""Walks whose customers sign up at the same time. A server hashes one password after another."""

PROGRESS = 40
"""Operations between two faults, at least."""

PROGRESS_SECONDS = 240.0
"""Within this time after a fault, that many operations are answered. It ends a run that hangs, and is much longer
than a busy machine needs."""

TELL_SECONDS = 30.0

PACE = 0.5
"""The part of the time in which the kills are to be done. The rest is for the waits after them."""


@dataclass
class OverHttp:
    """The figures of a run. `findings` are those of the audit, of the journal and of the models at the end."""

    seed: int
    walks: int = 0
    operations: int = 0
    careless: int = 0
    kills: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)
    findings: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Walks:
    """The walks of a run, until there are `operations` and `kills`, or the time is over."""

    site: Site
    faults: Faults
    seed: int
    operations: int
    kills: int
    until: float
    pause: float
    problems: list[str] = field(default_factory=list)
    signing_up: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SIGNING_UP))
    history: History = field(default_factory=History)
    started: list[HttpWalk] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(one.orders for one in self.started)

    def is_over(self) -> bool:
        reached = self.done >= self.operations and self.faults.kills >= self.kills
        return reached or bool(self.problems) or time.monotonic() > self.until

    def new_walk(self) -> HttpWalk:
        name = f"{self.seed}-{len(self.started)}"
        walk = HttpWalk(name, random.Random(name), self.site.servers, self.site.operator, self.history)
        self.started.append(walk)
        return walk

    async def walk_on(self, steps: int) -> None:
        """Runs one walk after another. When the model disagrees, the whole run is over."""
        while not self.is_over():
            walk = self.new_walk()
            try:
                async with self.signing_up:
                    await walk.prepare()
                await walk.run(steps, self.is_over)
            except (AssertionError, TimeoutError):
                self.problems.append(f"walk {walk.name}: {traceback.format_exc()}")

    async def progress(self) -> None:
        """Returns after PROGRESS more operations, and when the next kill is due: the kills are spread over the
        operations. Raises TimeoutError when no operation is answered."""
        there, began = self.done, time.monotonic()
        async with asyncio.timeout(PROGRESS_SECONDS):
            while self.done < there + PROGRESS and not self.is_over():  # noqa: ASYNC110 - many tasks count
                await asyncio.sleep(0.05)
        due = self.operations * self.faults.kills // max(self.kills, 1)
        while self.done < due and time.monotonic() < began + self.pause and not self.is_over():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def run(
    installation: Installation,
    *,
    seed: int,
    operations: int,
    kills: int,
    seconds: float,
    each: tuple[Fault, ...] = (),
    at_once: int = AT_ONCE,
    steps: int = STEPS,
    tell: Callable[[str], object] = lambda line: None,
) -> OverHttp:
    """Runs walks until there are that many operations and kills, or the time is over. Causes first each of the faults
    in `each`, and then random ones. `tell` gets a line about the progress now and then."""
    began = time.monotonic()
    async with site(installation) as there:
        faults = Faults(there, random.Random(seed))
        walks = Walks(
            there, faults, seed, operations, kills, time.monotonic() + seconds, PACE * seconds / max(kills, 1)
        )
        careless = Careless(HttpWalk(f"{seed}-careless", random.Random(seed), there.servers, there.operator))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(walks.walk_on(steps))
            tasks.create_task(careless.run(walks.is_over))
            tasks.create_task(_cause(walks, each))
            tasks.create_task(_tell(walks, tell))
        result = OverHttp(seed, len(walks.started), walks.done, careless.sent, faults.kills, dict(faults.counts))
        await _judge(there, walks, careless, result)
    audit = await asyncio.to_thread(installation.run, "audit")
    result.findings += [] if audit.returncode == 0 else [audit.stdout + audit.stderr]
    result.seconds = time.monotonic() - began
    return result


async def _cause(walks: Walks, each: tuple[Fault, ...]) -> None:
    """Causes faults until the run is over. When no server answers any more, the run is over too."""
    try:
        for fault in each:
            await walks.progress()
            await walks.faults.cause(fault)
        await walks.progress()
        await walks.faults.one_after_another(walks.is_over, walks.progress)
    except (AssertionError, TimeoutError):
        walks.problems.append(f"after {dict(walks.faults.counts)}: {traceback.format_exc()}")


async def _tell(walks: Walks, tell: Callable[[str], object]) -> None:
    began = told = time.monotonic()
    while not walks.is_over():
        await asyncio.sleep(0.5)
        if (now := time.monotonic()) > told + TELL_SECONDS:
            told = now
            tell(f"{now - began:5.0f} s  {walks.done:,} operations, {walks.faults.kills} kills\n")


async def _judge(there: Site, walks: Walks, careless: Careless, result: OverHttp) -> None:
    """Compares what is stored with every model and with every answer."""
    other = careless.walk.history
    both = History(
        walks.history.wallets | other.wallets,
        walks.history.tried | other.tried,
        walks.history.counts + other.counts,
    )
    result.counts = dict(both.counts)
    result.findings += walks.problems
    connection = await there.connect()
    try:
        result.verdict = await both.check(connection)
        result.findings += await journal.problems(connection)
        for walk in walks.started if not walks.problems else ():
            try:
                await stored.compare(connection, walk.model, walk.wallets, walk.ids, walk.name)
            except AssertionError:
                result.findings.append(f"walk {walk.name}: {traceback.format_exc()}")
    finally:
        await connection.close()
