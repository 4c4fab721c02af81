"""Rounds of a fuzz test: each has its own seed and a fixed number of cases.

In the test suite each test runs one round, of SEED. With FUZZ_SECONDS it runs rounds of new seeds for that long;
with FUZZ_SEED it runs the round of that seed.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

FUZZERS = 9
"""The number of fuzz tests. Each gets an equal part of FUZZ_SECONDS."""


SEED = 1
LONG = 300
"""The number of cases of a round in a long run."""


@dataclass
class Round:
    """One round. `note` keeps the latest cases, which are printed when the round fails."""

    name: str
    seed: int
    cases: int
    chance: random.Random = field(init=False)
    noted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.name} {self.seed}")  # it must be repeatable

    def note(self, case: object) -> None:
        """Remembers a case. Only the last one is kept: it is the one that failed."""
        self.noted[:] = [ascii(case)]


def rounds(name: str, *, cases: int) -> Iterator[Round]:
    """Yields the rounds of a test: in the test suite one of SEED."""
    one, seconds = os.environ.get("FUZZ_SEED"), os.environ.get("FUZZ_SECONDS")
    if one is not None:
        yield Round(name, int(one), int(os.environ.get("FUZZ_CASES", max(cases, LONG))))
        return
    if seconds is None:
        yield Round(name, SEED, cases)
        return
    end, seed, size = time.monotonic() + float(seconds) / FUZZERS, time.time_ns() % 1_000_000_000, max(cases, LONG)
    say(f"\n{name}: rounds of {size} cases from seed {seed + 1} on")
    done = 0
    while time.monotonic() < end:
        done += 1
        yield Round(name, seed + done, size)
    say(f"{name}: {done} rounds without a fault, the last of seed {seed + done}")


def say(text: str) -> None:
    """Prints a line about a long run. A fixture replaces it, because pytest captures what a test prints."""
    print(text)  # noqa: T201


@contextmanager
def reported(round: Round) -> Iterator[None]:
    """Adds the seed and the case to a failure in the block."""
    try:
        yield
    except BaseException as failure:
        case = round.noted[0] if round.noted else "before the first case"
        failure.add_note(
            f"FUZZ_SEED={round.seed} make fuzz ARGS='-k {round.name}' repeats it. The case: {case[:4_000]}"
        )
        raise
