"""`make bench ARGS="--against COMMIT"`: compares this checkout with another commit, and prints the ratios.

Both versions run at the same time. Each is a server process with its own embedded PostgreSQL, populated by the same
requests. Every round measures each case in four windows, in the order A B B A, and in the next round B A A B, so that
a slow change of the machine's speed affects both sides alike. At the end each version audits its own books.

The benchmark uses only the public interface of the other version: `pocketpay serve` and `audit`, settings, GraphQL,
/readyz.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import checkout
from benchmarks.cases import Case, Prepared, balances, batches, hot_pair, prepare, pushed_balances, transfers
from benchmarks.errors import BenchmarkError
from benchmarks.ratios import PER_SECOND, Compared, Round, share, table
from benchmarks.side import Side
from benchmarks.stopping import exit_on_signals, ignore_signals
from benchmarks.table import machine, put_between

BEGIN, END = "<!-- compared: begin -->", "<!-- compared: end -->"

ROUNDS, SECONDS = range(2, 11), range(1, 11)
"""The allowed numbers of rounds and of seconds in a window. The minimum is four windows for a median. The maximum
takes about half an hour, because access tokens expire after one hour."""

WARM_UP_SECONDS = 1

FEW_CLIENTS, CLIENTS, MANY_CLIENTS = 4, 32, 128


def compare(name: str, *, rounds: int, seconds: int, out: Path | None) -> None:
    """Measures and audits both versions, prints the table, and writes it between the marks in the file `out`.

    Raises BenchmarkError with one sentence when the versions cannot be compared, or one of them fails.
    """
    if rounds not in ROUNDS or seconds not in SECONDS:
        raise BenchmarkError("A comparison takes 2 to 10 rounds, with windows of 1 to 10 seconds.")
    if out is not None and not (out.is_file() and BEGIN in out.read_text() and END in out.read_text()):
        raise BenchmarkError(f"{out} has no lines {BEGIN} and {END} to put the table between.")
    commit = checkout.commit_of(name)
    exit_on_signals()
    with ExitStack() as cleanup:
        try:
            text = _compared(cleanup, commit, rounds, seconds)
        finally:
            ignore_signals()  # so that nothing interrupts the cleanup
    print(text)
    if out is not None:
        put_between(out, BEGIN, END, text)


def _compared(cleanup: ExitStack, commit: str, rounds: int, seconds: int) -> str:
    home = Path(tempfile.mkdtemp(prefix="pocketpay-against-"))
    cleanup.callback(shutil.rmtree, home, ignore_errors=True)
    versions = checkout.working_tree(home / "ours"), checkout.of_commit(commit, home / "theirs")
    sides = [Side(version, home / f"{version.folder.name}-side") for version in versions]
    for side in sides:
        cleanup.callback(side.close)
    for side in sides:
        cleanup.callback(side.terminate)  # called first, so that both stop at once
    compared = _measure(sides, rounds, seconds)
    audits = [f"- Audit of {side.label}: {side.audit()}" for side in sides]
    return "\n".join([conditions(rounds, seconds), "", *_result(compared, sides), *audits])


def _measure(sides: Sequence[Side], rounds: int, seconds: int) -> list[Compared]:
    print("starting and populating both servers", flush=True)
    for side in sides:
        side.start()
    for side in sides:
        side.wait()
    cases = (
        transfers(CLIENTS),
        hot_pair(CLIENTS),
        transfers(MANY_CLIENTS),
        transfers(1),
        batches(FEW_CLIENTS),
        balances(CLIENTS),
        pushed_balances(),
    )
    return alternate(cases, prepare(*sides), rounds, seconds)


def alternate(cases: Sequence[Case], prepared: Sequence[Prepared], rounds: int, seconds: int) -> list[Compared]:
    """Measures all cases in each round, after one window of each case that does not count."""
    for case in cases:
        for one in prepared:
            case.run(one, WARM_UP_SECONDS)
    compared = [Compared(case.label, case.clients) for case in cases]
    ours, theirs = prepared
    for number in range(rounds):
        for case, so_far in zip(cases, compared, strict=True):
            round_ = Round()
            first, second = (ours, theirs) if number % 2 == 0 else (theirs, ours)
            for one in (first, second, second, first):
                (round_.ours if one is ours else round_.theirs).append(case.run(one, seconds))
            so_far.rounds.append(round_)
            print(f"round {number + 1}: {case.label}, {case.clients}: {round_.ratio(PER_SECOND):.2f}", flush=True)
    return compared


def conditions(rounds: int, seconds: int) -> str:
    load = " ".join(f"{part:.1f}" for part in os.getloadavg())
    return (
        f"{machine()}; {rounds} rounds, in each four windows of {seconds} s a case, medians [smallest to largest]; "
        f"load average {load}."
    )


def _result(compared: list[Compared], sides: Sequence[Side]) -> list[str]:
    ours, theirs = (side.label for side in sides)
    normal, hot, *_ = compared
    our_share = share(hot, normal, lambda round_: round_.ours)
    their_share = share(hot, normal, lambda round_: round_.theirs)
    return [
        *table(compared, ours, theirs),
        "",
        f"- The hot pair reaches {our_share:.2f} of the rate of spread transfers at {CLIENTS} clients; "
        f"{theirs}: {their_share:.2f}.",
    ]
