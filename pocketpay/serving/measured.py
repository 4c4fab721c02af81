"""Registers the metrics of the services: database, clearing, updates, mail, background work."""

import platform
from collections.abc import Callable, Mapping
from functools import partial

from pocketpay.api.errors import REFUSED
from pocketpay.api.feeds import Feeds
from pocketpay.clearing.queue import Clearing
from pocketpay.database import loops, revisions
from pocketpay.database.availability import AVAILABILITY, Cause
from pocketpay.database.failures import Failure
from pocketpay.database.sessions import Database
from pocketpay.mail.sender import Counts
from pocketpay.operations.figures import Figures, LastAudit, Reading
from pocketpay.serving.connections.connections import Connections
from pocketpay.serving.execution import Execution
from pocketpay.serving.exposition import Merge
from pocketpay.serving.metrics import Metrics, Values
from pocketpay.updates.hub import Hub
from pocketpay.updates.listener import Listener
from pocketpay.version import version

CLEARING_COUNTS = {
    "units": "Number of units of work committed since the start.",
    "instructions": "Number of instructions executed since the start.",
    "retries": "Number of units of work retried since the start.",
    "busy": "Number of instructions answered with SERVICE_BUSY since the start.",
    "ahead": "Number of instructions answered with SERVICE_BUSY because an account has a time in the future.",
    "postponed": "Number of times an instruction was postponed because another session had locked an account.",
}

FIGURES: dict[str, tuple[str, Callable[[Reading], float]]] = {
    "pocketpay_database_server_connections": (
        "Number of connections that the database server has.",
        lambda reading: reading.connections,
    ),
    "pocketpay_database_server_connections_allowed": (
        "Number of connections that the database allows this login.",
        lambda reading: reading.max_connections,
    ),
    "pocketpay_clock_ahead_seconds": (
        "By how much this machine's clock is ahead of the database's; negative when it is behind.",
        lambda reading: reading.clock_ahead_seconds,
    ),
    "pocketpay_unsettled_orders": (
        "Number of orders without the bank's answer.",
        lambda reading: reading.unfinished.orders,
    ),
    "pocketpay_oldest_unsettled_order_seconds": (
        "Age of the oldest order without the bank's answer; 0 without any.",
        lambda reading: reading.unfinished.oldest_seconds,
    ),
    "pocketpay_bank_differences_open": (
        "Number of open differences between the files of banks and the books.",
        lambda reading: reading.differences.count,
    ),
    "pocketpay_oldest_bank_difference_seconds": (
        "Time since the oldest open difference with the bank was found; 0 without any.",
        lambda reading: reading.differences.oldest_seconds,
    ),
}
"""The values that are read from the database: the description of each, and how to get it from a reading."""

AUDIT: dict[str, tuple[str, Callable[[LastAudit], float]]] = {
    "pocketpay_audit_findings": ("Number of findings of the last recorded audit.", lambda run: run.findings),
    "pocketpay_audit_last_timestamp_seconds": (
        "When the last recorded audit ended.",
        lambda run: run.finished_at,
    ),
    "pocketpay_audit_whole_timestamp_seconds": (
        "When the last whole audit began: the last recorded audit itself, or the one that it continues.",
        lambda run: run.whole_at,
    ),
}
"""The values of the last recorded audit. They are absent before the first one."""


def of_the_server(metrics: Metrics, connections: Connections, execution: Execution) -> None:
    """Registers the metrics of the version, of connections of clients, of refusals and of pushes."""
    build = {(version(), revisions.expected(), platform.python_version()): 1.0}
    metrics.gauges(
        "pocketpay_build_info",
        "The version of this server, the database revision that it expects, and its Python.",
        ("version", "revision", "python"),
        lambda: build,
        Merge.MAX,
    )
    metrics.gauge("pocketpay_connections", "Number of open connections.", lambda: connections.open)
    metrics.counter(
        "pocketpay_connections_refused",
        "Number of connections refused since the start because too many were open.",
        lambda: connections.refusals,
    )
    metrics.counters(
        "pocketpay_refusals", "Number of refusals sent as data in payloads, by code.", ("code",), lambda: REFUSED
    )
    metrics.counters(
        "pocketpay_pushes",
        "Number of events sent to subscribers, by subscription.",
        ("operation",),
        lambda: execution.pushes,
    )


def of_connecting(metrics: Metrics) -> None:
    """Registers the metrics of the database's host, and of failed attempts to connect to it."""
    metrics.counters(
        "pocketpay_database_connect_failures",
        "Number of failed attempts to connect to the database, by cause.",
        ("cause",),
        lambda: {cause.value: AVAILABILITY.failures[cause] for cause in Cause},
    )
    metrics.gauges(
        "pocketpay_database_info",
        "The database host of the newest connection.",
        ("host",),
        lambda: {} if AVAILABILITY.host is None else {AVAILABILITY.host: 1.0},
        Merge.ASKED,
    )


def of_pools(metrics: Metrics, databases: Mapping[str, Database]) -> None:
    """Registers the metrics of the connections to the database that this process holds. `databases` has a name for
    each."""
    pools = {f"{name}{pool}": held for name, database in databases.items() for pool, held in database.pools.items()}

    def states() -> Values:
        return {(name, state): getattr(pool, state) for name, pool in pools.items() for state in ("idle", "used")}

    metrics.gauges(
        "pocketpay_database_connections",
        "Number of open connections to the database, by pool and state.",
        ("pool", "state"),
        states,
    )
    metrics.gauges(
        "pocketpay_database_waiting",
        "Number of callers that wait for a connection to the database.",
        ("pool",),
        lambda: {name: pool.waiting for name, pool in pools.items()},
    )
    metrics.counters(
        "pocketpay_database_busy",
        "Number of callers that got no connection to the database in time.",
        ("pool",),
        lambda: {name: pool.refused for name, pool in pools.items()},
    )


def of_figures(metrics: Metrics, figures: Figures) -> None:
    """Registers the metrics whose values are read from the database."""
    metrics.gauge(
        "pocketpay_database_up",
        "1 when the database answered the last read for the metrics, else 0.",
        lambda: None if figures.up is None else float(figures.up),
        Merge.ASKED,
    )
    for name, (description, value) in FIGURES.items():
        metrics.gauge(name, description, partial(_figure, figures, value), Merge.ASKED)
    for name, (description, of_run) in AUDIT.items():
        metrics.gauge(name, description, partial(_of_audit, figures, of_run), Merge.ASKED)
    for position, (name, description) in enumerate(
        (
            ("pocketpay_held_payments", "Number of payments that hold money, by currency."),
            ("pocketpay_held_amount_minor", "Amount that payments hold, in minor units, by currency."),
        )
    ):
        metrics.gauges(name, description, ("currency",), partial(_held, figures, position), Merge.ASKED)


def _figure(figures: Figures, value: Callable[[Reading], float]) -> float | None:
    return None if figures.reading is None else value(figures.reading)


def _of_audit(figures: Figures, value: Callable[[LastAudit], float]) -> float | None:
    run = None if figures.reading is None else figures.reading.audit
    return None if run is None else value(run)


def _held(figures: Figures, position: int) -> Values:
    held = {} if figures.reading is None else figures.reading.unfinished.held
    return {currency: values[position] for currency, values in held.items()}


def of_the_clearing(metrics: Metrics, clearing: Clearing) -> None:
    """Registers the metrics of the queue and of the units of work."""
    counts = clearing.counts
    metrics.gauge("pocketpay_clearing_waiting", "Number of waiting instructions.", lambda: clearing.waiting)
    for name, description in CLEARING_COUNTS.items():
        metrics.counter(f"pocketpay_clearing_{name}", description, partial(getattr, counts, name))
    metrics.counters(
        "pocketpay_clearing_failures",
        "Number of failed units of work, by kind of failure.",
        ("failure",),
        lambda: {failure.value: counts.failures[failure] for failure in Failure},
    )
    metrics.histograms(
        "pocketpay_clearing_unit_size",
        "Number of instructions of each committed unit of work.",
        (),
        lambda: {(): counts.unit_sizes},
    )
    metrics.histograms(
        "pocketpay_clearing_unit_seconds",
        "Duration of each committed unit of work.",
        (),
        lambda: {(): counts.unit_seconds},
    )


def of_updates(metrics: Metrics, listener: Listener, hub: Hub, feeds: Feeds) -> None:
    """Registers the metrics of the listener, and of the time until changes reach the subscribers."""
    metrics.gauge(
        "pocketpay_listener_up",
        "1 while every worker receives notifications of commits, else 0.",
        lambda: float(listener.listening),
        Merge.MIN,
    )
    metrics.gauge(
        "pocketpay_listener_lag_seconds",
        "Time since the listener last knew that it had received every commit.",
        lambda: hub.silent_seconds,
        Merge.MAX,
    )
    metrics.histograms(
        "pocketpay_push_lag_seconds",
        "Time from the notification of a change until its subscribers have it, by feed.",
        ("feed",),
        lambda: {(pump.name,): pump.seconds for pump in feeds.pumps},
    )


def of_background_work(metrics: Metrics) -> None:
    """Registers the metrics of the sweepers and senders."""
    metrics.counters(
        "pocketpay_background_runs",
        "Number of runs of background work, by outcome.",
        ("work", "outcome"),
        lambda: {
            (work, outcome): runs.outcomes[outcome] for work, runs in loops.RUNS.items() for outcome in loops.OUTCOMES
        },
    )
    metrics.gauges(
        "pocketpay_background_last_success_timestamp_seconds",
        "Unix time of the last successful run of background work.",
        ("work",),
        lambda: {work: runs.succeeded_at for work, runs in loops.RUNS.items()},
        Merge.MAX,
    )


def of_mail(metrics: Metrics, name: str, counts: Counts) -> None:
    """Registers the metrics of the mails or text messages: waiting, sent and failed."""
    what = name.replace("_", " ")
    waiting = f"Number of {what} in the outbox of all servers."
    metrics.gauge(f"pocketpay_{name}_waiting", waiting, lambda: counts.waiting, Merge.MAX)
    metrics.counter(f"pocketpay_{name}_sent", f"Number of {what} sent since the start.", lambda: counts.sent)
    metrics.counter(
        f"pocketpay_{name}_failed",
        f"Number of {what} that failed permanently since the start.",
        lambda: counts.failed,
    )


def of_stripe_events(metrics: Metrics, outcomes: Mapping[str, int]) -> None:
    """The events of Stripe, by outcome. There are none without STRIPE_WEBHOOK_SECRETS."""
    metrics.counters(
        "pocketpay_stripe_events",
        "Number of Stripe's events by outcome: booked, postponed, or why they were refused.",
        ("outcome",),
        lambda: outcomes,
    )
