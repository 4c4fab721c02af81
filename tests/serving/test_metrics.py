"""The numbers of operations, compared with those that prometheus_client counts itself."""

import re

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from pocketpay.serving.metrics import BUCKETS, OPERATIONS, OUTCOMES, Metrics


def without_times(text: bytes) -> list[str]:
    """The lines of a text of metrics, without the times at which metrics were created."""
    lines = (re.sub(r"(_created\{.*\}) .*", r"\1", line) for line in text.decode().splitlines())
    return [line for line in lines if "pocketpay_operation" in line]


def test_operations_are_counted_as_prometheus_client_counts_them() -> None:
    registry, metrics = CollectorRegistry(), Metrics()
    counter = Counter(
        "pocketpay_operations", "GraphQL operations by type and outcome.", ["type", "outcome"], registry=registry
    )
    histogram = Histogram(
        *("pocketpay_operation_seconds", "Duration of GraphQL operations.", ["type"]),
        buckets=BUCKETS,
        registry=registry,
    )
    for type_ in OPERATIONS:
        histogram.labels(type_)
        for outcome in OUTCOMES:
            counter.labels(type_, outcome)
    for number, seconds in enumerate([0.0, *BUCKETS, *(bound * 1.5 for bound in BUCKETS)]):
        type_, outcome = OPERATIONS[number % 4], OUTCOMES[number % 5]
        metrics.record(type_, outcome, seconds)
        counter.labels(type_, outcome).inc()
        histogram.labels(type_).observe(seconds)
    assert without_times(metrics.text()) == without_times(generate_latest(registry))
