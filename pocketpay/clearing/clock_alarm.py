"""The alarm about accounts that were changed last in the future: a clock of the database was wrong (decision 27).

Each account is named once a minute, and at most MOST_NAMED of them are: after a failover to a wrong clock there may
be thousands. `counts.ahead` counts every instruction that was refused.
"""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from pocketpay.ledger.account import Account

AHEAD = "one of the wallets was changed last at a time that has not come yet"

QUIET_SECONDS = 60.0
"""After an account has been named."""

MOST_NAMED = 100
"""Within QUIET_SECONDS. The audit names all of them."""

log = structlog.get_logger("clearing")


class ClockAlarm:
    """Knows which accounts it has named within the last minute. `clock` is in seconds and never runs backwards."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._named: dict[UUID, float] = {}

    def saw(self, ahead: Iterable[Account]) -> None:
        """Those accounts are ahead of the clock now."""
        now = self._clock()
        while self._named and now - next(iter(self._named.values())) >= QUIET_SECONDS:
            del self._named[next(iter(self._named))]
        for account in ahead:
            if account.id not in self._named and len(self._named) < MOST_NAMED:
                self._named[account.id] = now
                log.error("account_ahead_of_clock", account=str(account.id), changed_at=str(account.updated_at))
