"""What a loop that asks the database for ever does when one of its turns fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from structlog.typing import FilteringBoundLogger

from pocketpay.database.failures import ServiceBusy


@contextmanager
def going_on(log: FilteringBoundLogger, *, busy: str, failed: str) -> Iterator[None]:
    """One turn: whatever goes wrong is logged, as `busy` when the database was, and the next turn comes."""
    try:
        yield
    except ServiceBusy as reason:
        log.warning(busy, reason=str(reason))
    except Exception:
        log.exception(failed)
