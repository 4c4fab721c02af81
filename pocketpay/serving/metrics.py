"""The metrics of this server, for Prometheus at /metrics.

Operations are counted here in plain numbers, and only formatted by prometheus_client: its own counters take a lock
for each number, which was 2 µs of the 60 of a balance read. No label comes from a request.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from math import inf
from time import time

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

OPERATIONS = ("query", "mutation", "subscription", "none")
OUTCOMES = ("ok", "errors", "rejected", "busy", "internal")
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one server, in their own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._operations = _Operations()
        self.registry.register(self._operations)
        self.record = self._operations.record
        """Records an answered operation: its type, its outcome and its duration in seconds."""
        self.sockets = Gauge("pocketpay_sockets", "Number of open websockets.", registry=self.registry)
        self.subscriptions = Gauge(
            "pocketpay_subscriptions", "Number of running subscriptions.", registry=self.registry
        )

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Registers a gauge; `read` is called when the metrics are collected."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def counter(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Registers a counter; `read` is called when the metrics are collected."""
        self.registry.register(_CallbackCounter(name, description, read))

    def text(self) -> bytes:
        """Returns all metrics in the text format of Prometheus."""
        return generate_latest(self.registry)


class _Operations(Collector):
    """The number of operations by type and outcome, and their durations by type."""

    def __init__(self) -> None:
        self._created = time()
        self._counts = {(type_, outcome): 0 for type_ in OPERATIONS for outcome in OUTCOMES}
        self._durations = {type_: [0] * (len(BUCKETS) + 1) for type_ in OPERATIONS}
        """The number of operations in each bucket; the last one has no bound."""
        self._seconds = dict.fromkeys(OPERATIONS, 0.0)

    def record(self, type_: str, outcome: str, seconds: float) -> None:
        self._counts[type_, outcome] += 1
        self._durations[type_][bisect_left(BUCKETS, seconds)] += 1
        self._seconds[type_] += seconds

    def collect(self) -> Iterator[Metric]:
        counts = CounterMetricFamily(
            "pocketpay_operations", "GraphQL operations by type and outcome.", labels=["type", "outcome"]
        )
        for labels, value in self._counts.items():
            counts.add_metric(labels, value, created=self._created)
        yield counts
        seconds = HistogramMetricFamily(
            "pocketpay_operation_seconds", "Duration of GraphQL operations.", labels=["type"]
        )
        for type_, durations in self._durations.items():
            bounds = [*map(floatToGoString, (*BUCKETS, inf))]
            seconds.add_metric([type_], [*zip(bounds, accumulate(durations), strict=True)], self._seconds[type_])
            seconds.add_sample("pocketpay_operation_seconds_created", {"type": type_}, self._created)
        yield seconds


class _CallbackCounter(Collector):
    """A counter whose value a function returns."""

    def __init__(self, name: str, description: str, read: Callable[[], float]) -> None:
        self._name, self._description, self._read = name, description, read

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(self._name, self._description, value=self._read())
