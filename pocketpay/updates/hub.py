"""The hub: on this server, who is told what the listener hears.

Parties join it at the start: the feeds of the subscriptions, and who drops tokens and sockets of ended sessions. A
party is told in the listener's own turn of the event loop, so it only notes what it hears, in bounded space, and
works on it later in a task of its own: the hub never waits, and keeps nothing but the time.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pocketpay.updates.signals import Signal

OVERLAP = timedelta(seconds=10)
"""A change is stamped before its commit, by as much as a unit of work may last (5 s); twice that is looked back."""


class Party(Protocol):
    """Somebody on this server who is interested. None of these may wait or raise."""

    def hear(self, signal: Signal) -> None:
        """That was committed; `signal.everything` is never set here."""

    def missed(self, since: datetime) -> None:
        """Anything may have been changed since that moment (the database's clock): read again."""

    def deaf(self) -> None:
        """Nothing is heard from now on, until `missed`."""


class Hub:
    """Tells every party everything; each picks what it is interested in. `clock` is in seconds and never runs
    backwards."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._parties: list[Party] = []
        self._heard_until: datetime | None = None
        self._heard_at = 0.0

    def join(self, party: Party) -> None:
        """From now on `party` is told too."""
        self._parties.append(party)

    def since(self) -> datetime:
        """What changed before that moment (the database's clock) has been heard, if it was not told to be missed."""
        return datetime.min.replace(tzinfo=UTC) if self._heard_until is None else self._heard_until - OVERLAP

    def listens(self, now: datetime) -> None:
        """The listener hears what is committed from `now` (the database's clock) on.

        After a failover that is another clock. Where it is behind the last one, what was changed meanwhile has an
        earlier time than was heard last: it was deaf since `now` less how long that took.
        """
        if self._heard_until is not None:
            deaf = timedelta(seconds=self._clock() - self._heard_at)
            self._heard_until = min(self._heard_until, now - deaf)
        else:
            self._heard_until = now
        self._missed()
        self.heard_until(now)

    def heard_until(self, now: datetime) -> None:
        """The listener has heard all that was committed before `now` (the database's clock)."""
        self._heard_until, self._heard_at = now, self._clock()

    def hear(self, signal: Signal) -> None:
        """The listener heard that."""
        if signal.everything:
            self._missed()
            return
        for party in self._parties:
            party.hear(signal)

    def deaf(self) -> None:
        """The listener hears nothing, until `listens`."""
        for party in self._parties:
            party.deaf()

    def _missed(self) -> None:
        for party in self._parties:
            party.missed(self.since())
