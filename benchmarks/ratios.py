"""The table of a comparison: the figures of both sides, and the ratios of ours to theirs.

A figure is the median over all windows of a side. A ratio is computed in each round, from all windows of that round,
so that other load on the machine affects both sides alike; the table has the median over the rounds. The smallest and
the largest value are in brackets.
"""

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from benchmarks.window import Window, pooled


@dataclass(frozen=True, slots=True)
class Measure:
    """One kind of figure, computed from a window."""

    label: str
    of: Callable[[Window], float]


PER_SECOND = Measure("per second", lambda window: window.per_second)
MEASURES = (
    PER_SECOND,
    Measure("server µs", lambda window: window.server_us),
    Measure("PostgreSQL µs", lambda window: window.postgres_us),
)


@dataclass(slots=True)
class Round:
    """The windows of one case in one round."""

    ours: list[Window] = field(default_factory=list)
    theirs: list[Window] = field(default_factory=list)

    def ratio(self, measure: Measure) -> float:
        return _divided(measure.of(pooled(self.ours)), measure.of(pooled(self.theirs)))


@dataclass(slots=True)
class Compared:
    """The measurements of one case: all its rounds."""

    label: str
    clients: int
    rounds: list[Round] = field(default_factory=list)


def table(cases: Iterable[Compared], ours: str, theirs: str) -> list[str]:
    """A Markdown table with one line for every case and measure."""
    lines = [f"| what | clients | measure | {ours} | {theirs} | ratio |", "| --- | ---: | --- | ---: | ---: | ---: |"]
    for case in cases:
        for measure in MEASURES:
            our = [measure.of(window) for round_ in case.rounds for window in round_.ours]
            their = [measure.of(window) for round_ in case.rounds for window in round_.theirs]
            ratios = [round_.ratio(measure) for round_ in case.rounds]
            lines.append(
                f"| {case.label} | {case.clients} | {measure.label} "
                f"| {spread(our, ',.0f')} | {spread(their, ',.0f')} | {spread(ratios, '.2f')} |"
            )
    return lines


def spread(values: list[float], form: str) -> str:
    """The median, with the smallest and the largest value in brackets, as text."""
    median, least, most = (format(value, form) for value in (statistics.median(values), min(values), max(values)))
    return f"{median} [{least} to {most}]"


def share(hot: Compared, spread_out: Compared, side: Callable[[Round], list[Window]]) -> float:
    """The rate of the hot pair divided by the rate of spread transfers, on one side: the median over the rounds."""
    pairs = zip(hot.rounds, spread_out.rounds, strict=True)
    return statistics.median(
        _divided(pooled(side(one)).per_second, pooled(side(other)).per_second) for one, other in pairs
    )


def _divided(ours: float, theirs: float) -> float:
    return ours / theirs if theirs else math.nan
