"""The difference between this machine's clock and the database's.

Tokens and links are signed and checked by the clock of this machine; everything in the books has the database's time.
"""

import time
from collections.abc import Callable

from pocketpay.database.sessions import Session

TOLERATED_SECONDS = 5.0
"""Synchronized clocks differ by milliseconds."""


async def seconds_ahead(session: Session, clock: Callable[[], float] = time.time) -> float:
    """Returns the least number of seconds by which this machine is ahead of the database; negative when it is
    behind."""
    before = clock()
    database: float = await session.fetchval("select extract(epoch from clock_timestamp())::float8")
    after = clock()
    # The database read its clock between the two.
    return max(before - database, 0.0) + min(after - database, 0.0)


def difference(ahead: float) -> str | None:
    """Returns the difference in words, or None when it is small enough."""
    if abs(ahead) <= TOLERATED_SECONDS:
        return None
    return f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the database's"
