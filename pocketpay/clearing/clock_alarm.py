"""The alarm about accounts whose last change is in the future: a clock of the database was wrong (decision 27).

The log names each account at most once a minute, and at most MAX_NAMED accounts a minute: after a failover to a
server with a wrong clock there may be thousands. `counts.ahead` counts every instruction that was refused for it.
"""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from pocketpay.ledger.account import Account

AHEAD = "the last change of one of the wallets is in the future"

QUIET_SECONDS = 60.0
"""How long an account is not named again after it has been named."""

MAX_NAMED = 100
"""Accounts named within QUIET_SECONDS. The audit names all of them."""

log = structlog.get_logger(__name__)


class ClockAlarm:
    """Logs accounts that are ahead of the clock, each at most once a minute.

    `clock` returns seconds and never runs backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._named: dict[UUID, float] = {}

    def report(self, ahead: Iterable[Account]) -> None:
        """Logs the accounts that have not been named within QUIET_SECONDS."""
        now = self._clock()
        while self._named and now - next(iter(self._named.values())) >= QUIET_SECONDS:
            del self._named[next(iter(self._named))]
        for account in ahead:
            if account.id not in self._named and len(self._named) < MAX_NAMED:
                self._named[account.id] = now
                log.error("account_ahead_of_clock", account=str(account.id), changed_at=str(account.updated_at))
