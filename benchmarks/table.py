"""The table of the measurements."""

import os
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its label, and the number of concurrent clients or callers."""

    label: str
    clients: int


@dataclass(slots=True)
class Measured:
    """The rounds of a case: answers per second, and latencies in milliseconds (0 when they are not measured).
    `worsts` are the 99th percentiles."""

    rates: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    worsts: list[float] = field(default_factory=list)

    def add(self, rate: float, median: float, worst: float) -> None:
        self.rates.append(rate)
        self.medians.append(median)
        self.worsts.append(worst)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)


def write_table(measured: dict[Case, Measured], out: Path | None, *, rounds: int, seconds: int) -> None:
    """Prints the table and its ratios, and writes them between the marks in the file `out`."""
    text = "\n".join([*_conditions(rounds, seconds), "", *_rows(measured), "", *_ratios(measured)])
    print(text)
    if out is not None:
        put_between(out, BEGIN, END, text)


def put_between(page: Path, begin: str, end: str, text: str) -> None:
    """Replaces the text between two marks of the page."""
    old = page.read_text()
    before, after = old.split(begin)[0], old.split(end)[1]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def machine() -> str:
    """The machine in one line: number of processors, operating system, Python version."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _conditions(rounds: int, seconds: int) -> list[str]:
    load = " ".join(f"{part:.1f}" for part in os.getloadavg())
    return [f"{machine()}; {rounds} rounds of {seconds} s each, medians [smallest to largest]; load average {load}."]


def _rows(measured: dict[Case, Measured]) -> list[str]:
    rows = ["| what | clients | per second | p50 ms | p99 ms |", "| --- | ---: | ---: | ---: | ---: |"]
    for case, got in measured.items():
        timed = statistics.median(got.medians), statistics.median(got.worsts)
        latencies = [f"{value:.2f}" if value else "" for value in timed]
        spread = f"{got.rate:,.0f} [{min(got.rates):,.0f} to {max(got.rates):,.0f}]"
        rows.append(f"| {case.label} | {case.clients} | {spread} | {latencies[0]} | {latencies[1]} |")
    return rows


def _ratios(measured: dict[Case, Measured]) -> list[str]:
    ours, theirs = "transfer, Pocket Pay through GraphQL", "transfer, reference backend"
    transfers = _ratio(measured, Case(ours, 32), Case(theirs, 32))
    batches = _ratio(measured, Case("clearing alone, in process", 100), Case("clearing alone, in process", 1))
    latency = {
        length: statistics.median(measured[Case(f"balance with {length:,} entries, Pocket Pay", 1)].medians)
        for length in (10, 100_000)
    }
    reads = _ratio(measured, Case("balance, Pocket Pay through GraphQL", 32), Case("balance, reference backend", 32))
    two = {
        what: _ratio(
            measured,
            Case(f"{what}, Pocket Pay, two processes", 32),
            Case(f"{what}, reference backend, two processes", 32),
        )
        for what in ("transfer", "balance")
    }
    best = _ratio(measured, Case("transfer, Pocket Pay, two processes", 32), Case(theirs, 32))
    return [
        f"- Transfers at 32 clients, one process each: **{transfers:.1f} times** the reference backend; "
        f"two processes each: **{two['transfer']:.1f} times**; "
        f"Pocket Pay in two processes, the reference backend in one: **{best:.1f} times**.",
        f"- Balance reads at 32 clients, one process each: **{reads:.1f} times** the reference backend; "
        f"two processes each: **{two['balance']:.1f} times**.",
        *_beside_peers(measured, ours),
        f"- The clearing at batches of 100: **{batches:.1f} times** batches of 1.",
        f"- A balance with 100,000 entries takes **{latency[100_000] / latency[10]:.2f} times** as long as with 10.",
    ]


def _beside_peers(measured: dict[Case, Measured], ours: str) -> list[str]:
    """The ratios to the measured peers, which have fewer features."""
    lines = []
    for peer in ("Strawberry", "Strawberry with its caches", "Mercurius"):
        theirs = Case(f"transfer, {peer}", 32)
        if theirs not in measured:
            continue
        transfers = _ratio(measured, Case(ours, 32), theirs)
        reads = _ratio(measured, Case(ours.replace("transfer", "balance"), 32), Case(f"balance, {peer}", 32))
        lines.append(
            f"- {peer} over one SQL function, at 32 clients: **{transfers:.1f} times** its transfers, "
            f"**{reads:.1f} times** its balance reads."
        )
    pair = "transfer between two people"
    if Case(f"{pair}, Mercurius", 32) in measured:
        times = _ratio(measured, Case(f"{pair}, Pocket Pay", 32), Case(f"{pair}, Mercurius", 32))
        lines.append(f"- Two people who pay each other, at 32 clients: **{times:.1f} times** Mercurius.")
    return lines


def _ratio(measured: dict[Case, Measured], one: Case, other: Case) -> float:
    """The median of the ratios of each round. Within a round, other load on the machine affects both cases alike."""
    pairs = zip(measured[one].rates, measured[other].rates, strict=True)
    return statistics.median(mine / their for mine, their in pairs)
