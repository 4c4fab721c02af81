"""The metrics of one process as data, the sum over several processes, and the text that Prometheus reads.

    a worker ─► families ─┐
    a worker ─► families ─┼─► merged ─► text
    ended workers' counts ┘

How the values of several workers become one:

    sum     counters, histograms, and gauges that count what a worker has
        max     the largest value, for durations and for values that every worker reads from the same table
    min     the smallest value, for a state that is 1 only when it is 1 for all workers
    asked   the value of the worker that answers the request: it has just read the value from the database
    each    the values of all workers, with the label `worker`

Counters must never go down, so the counters of an ended worker stay in the sum (`lasting`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import Any

from pocketpay.measures import Histogram

Labels = Mapping[str, str]


class Merge(StrEnum):
    """How the values of several workers become one: see the table above."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"
    ASKED = "asked"
    EACH = "each"


class Kind(StrEnum):
    """One of Prometheus's metric types."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(slots=True)
class Sample:
    """One value of a series. The name of the series is the family's name and `suffix`."""

    suffix: str
    labels: Labels
    value: float


@dataclass(slots=True)
class Family:
    """All series of one metric. The name of a counter has no `_total`; its samples do."""

    name: str
    kind: Kind
    description: str
    merge: Merge
    samples: list[Sample] = field(default_factory=list)

    def add(self, value: float, labels: Labels | None = None) -> None:
        """Adds the value of a counter or a gauge."""
        self.samples.append(Sample("_total" if self.kind is Kind.COUNTER else "", labels or {}, value))

    def add_histogram(self, histogram: Histogram, labels: Labels | None = None) -> None:
        """Adds the series of a histogram."""
        labels = labels or {}
        sums = list(accumulate(histogram.counts))
        for bound, count in zip((*map(str, histogram.bounds), "+Inf"), sums, strict=True):
            self.samples.append(Sample("_bucket", {**labels, "le": bound}, count))
        self.samples.append(Sample("_count", labels, sums[-1]))
        self.samples.append(Sample("_sum", labels, histogram.sum))


def family_of(data: Mapping[str, Any]) -> Family:
    """Returns the family that another process sent as JSON."""
    samples = [Sample(**sample) for sample in data["samples"]]
    return Family(data["name"], Kind(data["kind"]), data["description"], Merge(data["merge"]), samples)


def lasting(families: Iterable[Family]) -> list[Family]:
    """Returns the counters and histograms. Their sum must not go down when a worker ends or does not answer."""
    return [one for one in families if one.merge is Merge.SUM and one.kind is not Kind.GAUGE]


def merged(workers: Mapping[str, Sequence[Family]], asked: str, ended: Sequence[Family] = ()) -> list[Family]:
    """Returns the families of all workers as one. `asked` is the worker that answers; `ended` has the
    counters and histograms of ended workers."""
    result: dict[str, Family] = {}
    values: dict[tuple[str, str, tuple[tuple[str, str], ...]], Sample] = {}
    in_order = [(asked, workers[asked]), *((name, one) for name, one in workers.items() if name != asked)]
    for worker, families in (*in_order, ("", ended)):
        for family in families:
            if family.merge is Merge.ASKED and worker != asked:
                continue
            into = result.get(family.name)
            if into is None:
                into = result[family.name] = Family(family.name, family.kind, family.description, family.merge)
            for sample in family.samples:
                labels = {**sample.labels, "worker": worker} if family.merge is Merge.EACH else sample.labels
                key = (family.name, sample.suffix, tuple(labels.items()))
                known = values.get(key)
                if known is None:
                    values[key] = Sample(sample.suffix, labels, sample.value)
                    into.samples.append(values[key])
                else:
                    known.value = _combined(family.merge, known.value, sample.value)
    return [*result.values()]


def _combined(merge: Merge, one: float, other: float) -> float:
    match merge:
        case Merge.MAX:
            return max(one, other)
        case Merge.MIN:
            return min(one, other)
    return one + other


def of_workers(configured: int, answering: int, restarts: int) -> list[Family]:
    """Returns the metrics about the workers themselves."""
    counted: tuple[tuple[str, Kind, str, int], ...] = (
        ("pocketpay_workers", Kind.GAUGE, "Number of worker processes that should run.", configured),
        ("pocketpay_workers_answering", Kind.GAUGE, "Number of workers that answered this request.", answering),
        ("pocketpay_worker_restarts", Kind.COUNTER, "Number of workers that ended and were replaced.", restarts),
    )
    families = []
    for name, kind, description, value in counted:
        family = Family(name, kind, description, Merge.ASKED)
        family.add(value)
        families.append(family)
    return families


def text(families: Iterable[Family]) -> bytes:
    """Returns the families in the text format of Prometheus."""
    from prometheus_client import CollectorRegistry, Metric, generate_latest
    from prometheus_client.registry import Collector

    class Families(Collector):
        def collect(self) -> Iterator[Metric]:
            for family in families:
                metric = Metric(family.name, family.description, family.kind)
                for sample in family.samples:
                    metric.add_sample(family.name + sample.suffix, dict(sample.labels), sample.value)
                yield metric

    registry = CollectorRegistry(auto_describe=False)
    # A collector without `describe` would be collected once more when it is registered.
    Families.describe = lambda self: []  # type: ignore[attr-defined]
    registry.register(Families())
    return generate_latest(registry)
