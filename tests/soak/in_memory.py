"""The rules against their model, without a database: many walks in several processes, within a time limit.

A walk is determined by its seed, and is the same as in `tests/walks/test_model.py`. To replay one:

    make model FIRST_WALK=seed WALKS=1 ARGS="-k decide_like"
"""

import asyncio
import itertools
import multiprocessing
import os
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.walks.table_walk import TableWalk

NICE = 5
"""These processes give way to the servers of the other part."""

REPLAY = 'make model FIRST_WALK={seed} WALKS=1 ARGS="-k decide_like"'


@dataclass(frozen=True)
class Walked:
    """The result of one walk. `problem` is the traceback of the step at which the model disagreed."""

    seed: int
    instructions: int
    problem: str | None = None


@dataclass
class InMemory:
    """The results of all walks."""

    first_seed: int
    processes: int
    walks: list[Walked] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def instructions(self) -> int:
        return sum(one.instructions for one in self.walks)

    @property
    def problems(self) -> list[str]:
        return [f"{REPLAY.format(seed=one.seed)}\n{one.problem}" for one in self.walks if one.problem is not None]

    def lines(self) -> list[str]:
        """The seed of each walk with its number of instructions, several in a line."""
        told = [f"{one.seed}:{one.instructions}" for one in sorted(self.walks, key=lambda one: one.seed)]
        return [" ".join(told[place : place + 12]) for place in range(0, len(told), 12)]


def walk(seed: int) -> Walked:
    """Runs the walk of that seed."""
    walk = TableWalk(seed)
    try:
        walk.run()
    except Exception:  # whatever the product raises here, the seed replays it
        return Walked(seed, walk.instructions, traceback.format_exc())
    return Walked(seed, walk.instructions)


async def run(instructions: int, seconds: float, first_seed: int, processes: int) -> InMemory:
    """Walks until there are that many instructions, or the time is over, or a walk has failed."""
    done, began = InMemory(first_seed, processes), time.monotonic()
    loop, seeds = asyncio.get_running_loop(), itertools.count(first_seed)
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawning, initializer=os.nice, initargs=(NICE,)) as pool:

        async def walk_on() -> None:
            while not done.problems and done.instructions < instructions and time.monotonic() < began + seconds:
                done.walks.append(await loop.run_in_executor(pool, walk, next(seeds)))

        await asyncio.gather(*(walk_on() for _ in range(processes)))
    done.seconds = time.monotonic() - began
    return done
