"""`make bench ARGS="workers"`: this checkout with several workers beside one process, in the way of `against`.

Both servers run at the same time, each with a PostgreSQL of its own, and take turns. Below the table are the units of
work that were retried, and the payments that waited for an account that the other worker had locked.
"""

import re
import shutil
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from benchmarks import checkout
from benchmarks.against import CLIENTS, MANY_CLIENTS, alternate, conditions
from benchmarks.cases import balances, hot_pair, prepare, pushed_balances, transfers
from benchmarks.errors import BenchmarkError
from benchmarks.ratios import table
from benchmarks.side import Side
from benchmarks.stopping import exit_on_signals, ignore_signals

WORKERS = range(2, 17)
COUNT = re.compile(r"^pocketpay_clearing_(instructions|units|retries|postponed)_total (\S+)$", re.MULTILINE)


def compare(workers: int, *, rounds: int, seconds: int) -> None:
    """Measures and audits both, and prints the table. Raises BenchmarkError when one of them fails."""
    if workers not in WORKERS:
        raise BenchmarkError(f"A server is compared with {WORKERS[0]} to {WORKERS[-1]} workers.")
    exit_on_signals()
    with ExitStack() as cleanup:
        try:
            text = _compared(cleanup, workers, rounds, seconds)
        finally:
            ignore_signals()  # so that nothing interrupts the cleanup
    print(text)


def _compared(cleanup: ExitStack, workers: int, rounds: int, seconds: int) -> str:
    home = Path(tempfile.mkdtemp(prefix="pocketpay-workers-"))
    cleanup.callback(shutil.rmtree, home, ignore_errors=True)
    version = checkout.working_tree(home / "version")
    sides = [Side(version, home / f"side-{number}", workers=number) for number in (workers, 1)]
    for side in sides:
        cleanup.callback(side.close)
        side.start()
    for side in sides:
        side.wait()
    cases = transfers(CLIENTS), transfers(MANY_CLIENTS), hot_pair(CLIENTS), balances(CLIENTS), pushed_balances()
    compared = alternate(cases, prepare(*sides), rounds, seconds)
    counts = [_counts(side) for side in sides]
    audits = [f"- Audit of {side.label}: {side.audit()}" for side in sides]
    lines = table(compared, sides[0].label, sides[1].label)
    return "\n".join([conditions(rounds, seconds), "", *lines, "", *counts, *audits])


def _counts(side: Side) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{side.port}/metrics", timeout=10) as answer:
        found = {name: float(value) for name, value in COUNT.findall(answer.read().decode())}
    return (
        f"- {side.label}: {found['instructions']:,.0f} instructions in {found['units']:,.0f} units of work; "
        f"{found['retries']:,.0f} retried, {found['postponed']:,.0f} instructions postponed."
    )
