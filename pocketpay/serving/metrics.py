"""The metrics of this process: its own counts of operations, and values that it reads from other packages.

A label never has a value of a request: operations have the labels of `tags.py`, and all other labels are constants.
Counting an operation takes less than a microsecond, without a lock: everything runs on one event loop.

`exposition.py` adds up the metrics of several workers. Decision 63 gives the reasons.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import structlog
from prometheus_client import ProcessCollector

from pocketpay.measures import Histogram
from pocketpay.serving import exposition
from pocketpay.serving.exposition import Family, Kind, Merge
from pocketpay.serving.tags import Tag

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Values: TypeAlias = "Mapping[Any, float]"
"""The values of the series of one metric, by their label values: a tuple of texts, or a text when there is one label.
Any, because the key of a Mapping is invariant."""

log = structlog.get_logger(__name__)


class Running:
    """Counts how many run now, for example subscriptions."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def track(self) -> Iterator[None]:
        """Counts one more during the block."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


class Metrics:
    """The metrics of one process. Operations that take `slow_seconds` are logged; with None, no operation is
    logged."""

    def __init__(self, *, slow_seconds: float | None = None) -> None:
        self._slow_seconds = float("inf") if slow_seconds is None else slow_seconds
        self._operations: Counter[Tag] = Counter()
        self._seconds: dict[tuple[str, str], Histogram] = {}
        self._http_refusals: Counter[tuple[str, str]] = Counter()
        self._reads: list[Callable[[], Family]] = []
        self.sockets, self.subscriptions = Running(), Running()
        self.gauge("pocketpay_sockets", "Number of open websockets and event streams.", lambda: self.sockets.count)
        self.gauge("pocketpay_subscriptions", "Number of running subscriptions.", lambda: self.subscriptions.count)
        self.counters(
            "pocketpay_http_refusals",
            "Number of requests refused before their operation was known, by HTTP status and code.",
            ("status", "code"),
            lambda: self._http_refusals,
        )
        # A separate series that begins at 0: Prometheus sees no increase when the first value of a series is above 0.
        self.counter(
            "pocketpay_internal_errors",
            "Number of operations that failed with INTERNAL.",
            lambda: sum(count for tag, count in self._operations.items() if tag.outcome == "internal"),
        )
        self._process = ProcessCollector(registry=None)

    def record(self, tag: Tag, seconds: float, request_id: str = "") -> None:
        """Records an answered operation and its duration."""
        self._operations[tag] += 1
        key = tag[:2]
        histogram = self._seconds.get(key)
        if histogram is None:
            histogram = self._seconds[key] = Histogram(BUCKETS)
        histogram.observe(seconds)
        if seconds >= self._slow_seconds and tag.type != "subscription":
            log.warning(
                "slow_operation",
                type=tag.type,
                operation=tag.operation,
                code=tag.code or tag.outcome,
                seconds=round(seconds, 3),
                request_id=request_id,
            )

    def refused(self, status: int, code: str) -> None:
        """Records a request that was refused before its operation was known."""
        self._http_refusals[str(status), code] += 1

    # ------------------------------------------------------------ values that are read on request

    def gauge(self, name: str, description: str, read: Callable[[], float | None], merge: Merge = Merge.SUM) -> None:
        """Registers a gauge. `read` is called when the metrics are requested; when it returns None, the gauge is left
        out."""
        self._add(Family(name, Kind.GAUGE, description, merge), (), lambda: _one(read()))

    def gauges(
        self,
        name: str,
        description: str,
        labels: tuple[str, ...],
        read: Callable[[], Values],
        merge: Merge = Merge.SUM,
    ) -> None:
        """Registers gauges with labels. `read` returns the values by label values."""
        self._add(Family(name, Kind.GAUGE, description, merge), labels, read)

    def counter(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Registers a counter. `name` has no `_total`."""
        self._add(Family(name, Kind.COUNTER, description, Merge.SUM), (), lambda: _one(read()))

    def counters(self, name: str, description: str, labels: tuple[str, ...], read: Callable[[], Values]) -> None:
        """Registers counters with labels."""
        self._add(Family(name, Kind.COUNTER, description, Merge.SUM), labels, read)

    def histograms(
        self,
        name: str,
        description: str,
        labels: tuple[str, ...],
        read: Callable[[], Mapping[tuple[str, ...], Histogram]],
    ) -> None:
        """Registers histograms. `read` returns them by their label values."""

        def family() -> Family:
            result = Family(name, Kind.HISTOGRAM, description, Merge.SUM)
            for values, histogram in read().items():
                result.add_histogram(histogram, dict(zip(labels, values, strict=True)))
            return result

        self._reads.append(family)

    def _add(self, empty: Family, labels: tuple[str, ...], read: Callable[[], Values]) -> None:
        def family() -> Family:
            result = Family(empty.name, empty.kind, empty.description, empty.merge)
            for key, value in read().items():
                values = (key,) if isinstance(key, str) else key
                result.add(value, dict(zip(labels, values, strict=True)))
            return result

        self._reads.append(family)

    def families(self) -> list[Family]:
        """Returns all metrics of this process, as they are now."""
        operations = Family(
            "pocketpay_operations", Kind.COUNTER, "GraphQL operations by name, outcome and code.", Merge.SUM
        )
        for tag, count in self._operations.items():
            operations.add(count, tag._asdict())
        seconds = Family("pocketpay_operation_seconds", Kind.HISTOGRAM, "Duration of GraphQL operations.", Merge.SUM)
        for (type_, operation), histogram in self._seconds.items():
            seconds.add_histogram(histogram, {"type": type_, "operation": operation})
        return [operations, seconds, *(read() for read in self._reads), *self._process_families()]

    def alone(self) -> list[Family]:
        """Returns the metrics of a server whose only worker is this process."""
        return [*exposition.merged({"1": self.families()}, "1"), *exposition.of_workers(1, 1, 0)]

    def text(self) -> bytes:
        """Returns the metrics of `alone` in the text format of Prometheus."""
        return exposition.text(self.alone())

    def _process_families(self) -> Iterator[Family]:
        for metric in self._process.collect():
            family = Family(metric.name, Kind(metric.type), metric.documentation, Merge.EACH)
            for sample in metric.samples:
                family.add(sample.value)
            yield family


def _one(value: float | None) -> Values:
    return {} if value is None else {(): value}
