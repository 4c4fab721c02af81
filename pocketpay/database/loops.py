"""Error handling for endless loops that use the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from structlog.typing import FilteringBoundLogger

from pocketpay.database.failures import ServiceBusy


@contextmanager
def log_errors(log: FilteringBoundLogger, *, busy: str, failed: str) -> Iterator[None]:
    """Logs an error of the block instead of raising it, so that the loop continues.

    `busy` is the event for a ServiceBusy, `failed` the event for every other error.
    """
    try:
        yield
    except ServiceBusy as reason:
        log.warning(busy, reason=str(reason))
    except Exception:
        log.exception(failed)
