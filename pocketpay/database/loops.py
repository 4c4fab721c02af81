"""Error handling for endless loops that use the database, and the counts of their runs for the metrics."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from pocketpay.database.failures import ServiceBusy

OUTCOMES = ("ok", "postponed", "failed")


@dataclass(slots=True)
class Runs:
    """The runs of one kind of background work in this process, by outcome.

    `succeeded_at` is the Unix time of the last successful run, and before that the time of the first run.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    succeeded_at: float = field(default_factory=time.time)


RUNS: dict[str, Runs] = {}
"""The runs of each kind of background work in this process, by its name."""


@contextmanager
def log_errors(log: FilteringBoundLogger, *, work: str, busy: str, failed: str) -> Iterator[None]:
    """Logs an error of the block instead of raising it, so that the loop continues. Counts the run for this `work`.

    `busy` is the event for a ServiceBusy, `failed` the event for every other error.
    """
    runs = RUNS.setdefault(work, Runs())
    try:
        yield
    except ServiceBusy as reason:
        runs.outcomes["postponed"] += 1
        log.warning(busy, reason=str(reason))
    except Exception:
        runs.outcomes["failed"] += 1
        log.exception(failed)
    else:
        runs.outcomes["ok"] += 1
        runs.succeeded_at = time.time()
