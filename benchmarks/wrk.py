"""Runs wrk: one load with a number of clients, for some seconds."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError

ROOT = Path(__file__).parents[1]
GRACE_SECONDS = 30
"""Time after the end of the run before wrk is stopped."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The result of one run: the number of successful answers, the requests without an answer, and the latencies."""

    count: int
    unanswered: int
    per_second: float
    median_ms: float
    p99_ms: float


def run(port: int, load: str, targets: Path, clients: int, seconds: int) -> Answers:
    """Runs wrk against a server on this machine. Raises BenchmarkError when an answer is a failure."""
    try:
        ran = subprocess.run(
            ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", "benchmarks/load.lua", f"http://127.0.0.1:{port}"],
            cwd=ROOT,
            env={**os.environ, "LOAD": load, "TARGETS": str(targets)},
            check=True,
            capture_output=True,
            text=True,
            timeout=seconds + GRACE_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise BenchmarkError(f"wrk failed under the load {load}: {error.stderr or error}") from error
    lines = dict(line.split(" ", 1) for line in ran.stdout.splitlines() if line.startswith(("RESULT", "FIRST")))
    rate, failed, median, p99, count, unanswered = lines["RESULT"].split()
    if int(failed):
        raise BenchmarkError(f"{load}: {failed} failures, the first: {lines.get('FIRST')}")
    return Answers(int(count), int(unanswered), float(rate), float(median), float(p99))
