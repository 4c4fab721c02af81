"""The metrics of this server, for Prometheus at /metrics.

The child of each label value is created once, because looking it up takes longer than counting. No label comes from a
request.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

OPERATIONS = ("query", "mutation", "subscription", "none")
OUTCOMES = ("ok", "errors", "rejected", "busy", "internal")
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one server, in their own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        operations = Counter(
            "pocketpay_operations",
            "GraphQL operations by type and outcome.",
            ["type", "outcome"],
            registry=self.registry,
        )
        seconds = Histogram(
            "pocketpay_operation_seconds",
            "Duration of GraphQL operations.",
            ["type"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.sockets = Gauge("pocketpay_sockets", "Number of open websockets.", registry=self.registry)
        self.subscriptions = Gauge(
            "pocketpay_subscriptions", "Number of running subscriptions.", registry=self.registry
        )
        self._count = {
            (type_, outcome): operations.labels(type_, outcome).inc for type_ in OPERATIONS for outcome in OUTCOMES
        }
        self._observe = {type_: seconds.labels(type_).observe for type_ in OPERATIONS}

    def record(self, type_: str, outcome: str, seconds: float) -> None:
        """Records an answered operation and its duration."""
        self._count[type_, outcome]()
        self._observe[type_](seconds)

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Registers a gauge; `read` is called when the metrics are collected."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def counter(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Registers a counter; `read` is called when the metrics are collected."""
        self.registry.register(_CallbackCounter(name, description, read))

    def text(self) -> bytes:
        """Returns all metrics in the text format of Prometheus."""
        return generate_latest(self.registry)


class _CallbackCounter(Collector):
    """A counter whose value a function returns."""

    def __init__(self, name: str, description: str, read: Callable[[], float]) -> None:
        self._name, self._description, self._read = name, description, read

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(self._name, self._description, value=self._read())
