"""Runs walks in memory and over HTTP side by side, and prints what they found.

    make soak                       1,000,000 instructions in memory; 100,000 operations and 100 kills over HTTP
    make soak SOAK_SECONDS=60       what can be done in a minute
    make soak SOAK_SEED=7           the seeds of an earlier run, which it printed

It ends with 1 when anything was lost, doubled or wrong. When the time is over before the numbers are reached, it says
so: how many a machine does in that time is no error.
"""

import asyncio
import os
import secrets
import sys
from dataclasses import dataclass

from tests import commands
from tests.e2e import processes
from tests.leftovers import run_folder
from tests.soak import in_memory, over_http
from tests.soak.in_memory import InMemory
from tests.soak.over_http import OverHttp

INSTRUCTIONS, OPERATIONS, KILLS = 1_000_000, 100_000, 100
RIGHT = "finds nothing; the journal replays; every row is as in its model"
SECONDS = 1_800.0
"""The longest run. After this time both parts end, and check what they have done."""


@dataclass(frozen=True)
class Goal:
    """What a run is to reach, within `seconds`."""

    seed: int
    seconds: float
    instructions: int = INSTRUCTIONS
    operations: int = OPERATIONS
    kills: int = KILLS

    def is_reached(self, memory: InMemory, http: OverHttp) -> bool:
        return (
            memory.instructions >= self.instructions
            and http.operations >= self.operations
            and http.kills >= self.kills
        )


async def soak(goal: Goal) -> tuple[InMemory, OverHttp]:
    with (
        run_folder(None) as folder,
        commands.forking(),
        processes.installation(folder / "soak") as installation,
    ):
        running = (
            in_memory.run(goal.instructions, goal.seconds, goal.seed, os.cpu_count() or 1),
            over_http.run(
                installation,
                seed=goal.seed,
                operations=goal.operations,
                kills=goal.kills,
                seconds=goal.seconds,
                tell=sys.stderr.write,
            ),
        )
        memory, http = await asyncio.gather(*running)
    return memory, http


def report(goal: Goal, memory: InMemory, http: OverHttp) -> list[str]:
    """The lines that a run prints."""
    verdict = http.verdict
    problems = [*memory.problems, *verdict.wrong, *http.findings]
    return [
        "The walks in memory, as seed:instructions",
        *(f"  {line}" for line in memory.lines()),
        f"Replay one with: {in_memory.REPLAY.format(seed='SEED')}",
        "",
        f"In memory     {memory.instructions:>9,} instructions in {len(memory.walks):,} walks and "
        f"{memory.seconds:,.0f} s, in {memory.processes} processes",
        f"Over HTTP     {http.operations:>9,} operations in {http.walks:,} walks and {http.seconds:,.0f} s, and "
        f"{http.careless:,} of customers who never repeat one",
        f"Requests      {http.counts.get('requests', 0):>9,} with "
        f"{http.counts.get('requests', 0) - http.counts.get('answers', 0):,} without an answer or busy",
        f"Acknowledged  {verdict.acknowledged:>9,} keys; {verdict.refused:,} refused; {verdict.unanswered:,} never "
        f"answered, of which {verdict.unanswered_but_done:,} happened",
        f"Kills         {http.kills:>9,} ({_listed(http, 'kill_')})",
        f"Other faults  {sum(http.faults.values()) - http.kills:>9,} ({_listed(http, '')})",
        f"Lost          {len(verdict.lost):>9,}",
        f"Doubled       {len(verdict.doubled):>9,}",
        f"Wrong         {len(problems):>9,}",
        *(f"  {problem}" for problem in [*verdict.lost, *verdict.doubled, *problems][:20]),
        f"Audit         {'see above' if problems else RIGHT}",
        "" if goal.is_reached(memory, http) else f"The time was over after {goal.seconds:.0f} s, before the numbers.",
    ]


def _listed(http: OverHttp, prefix: str) -> str:
    """The faults whose names begin with the prefix, or all others when it is empty."""
    those = {name: count for name, count in http.faults.items() if name.startswith("kill_") is bool(prefix)}
    return ", ".join(f"{name.removeprefix('kill_').replace('_', ' ')} {those[name]}" for name in sorted(those))


def main() -> int:
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(10**6) * 10**4)
    goal = Goal(seed, float(os.environ.get("SOAK_SECONDS") or SECONDS))
    sys.stdout.write(f"SOAK_SEED={seed}\n")
    sys.stdout.flush()
    memory, http = asyncio.run(soak(goal))
    sys.stdout.write("\n".join(report(goal, memory, http)) + "\n")
    return 0 if http.verdict.is_right and not memory.problems and not http.findings else 1


if __name__ == "__main__":
    sys.exit(main())
