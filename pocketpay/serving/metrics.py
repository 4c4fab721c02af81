"""What this server counts, for Prometheus at /metrics.

The children of each counter are made once: asking for one by its labels costs more than counting. No label is taken
from what a client sent.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

OPERATIONS = ("query", "mutation", "subscription", "none")
OUTCOMES = ("ok", "errors", "rejected", "busy", "internal")
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One server's counters, in a registry of its own."""

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
            buckets=SECONDS,
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

    def note(self, type_: str, outcome: str, seconds: float) -> None:
        """One operation has been answered."""
        self._count[type_, outcome]()
        self._observe[type_](seconds)

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A value that is read when Prometheus asks."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

    def counter(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """A count that somebody else keeps, read when Prometheus asks."""
        self.registry.register(_Kept(name, meaning, read))

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)


class _Kept(Collector):
    """A counter whose number is kept elsewhere."""

    def __init__(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        self._name, self._meaning, self._read = name, meaning, read

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(self._name, self._meaning, value=self._read())
