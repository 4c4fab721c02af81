"""The hub: passes every signal that the listener receives to the subscribers on this server.

Subscribers join at the start: the feeds of the subscriptions, and the subscribers that drop the tokens and sockets of
ended sessions. The listener calls each subscriber directly. A subscriber only stores the signal, in bounded memory,
and works on it later in a task of its own. The hub never waits, and stores only times.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pocketpay.updates.signals import Signal

OVERLAP = timedelta(seconds=10)
"""How far before the last received time changes are read again. The time of a change is set before its commit, at
most 5 s before (the longest unit of work); this is twice that."""


class Subscriber(Protocol):
    """Receives the signals on this server. None of its methods may wait or raise."""

    def on_signal(self, signal: Signal) -> None:
        """The changes in the signal are committed. `signal.everything` is never set here."""

    def on_gap(self, since: datetime) -> None:
        """Anything may have changed since `since` (the database's clock): the subscriber must read again."""

    def on_disconnect(self) -> None:
        """The listener lost its connection. There are no signals until `on_gap`."""


class Hub:
    """Passes every signal to every subscriber; each takes the parts it needs. `clock` is in seconds and monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._subscribers: list[Subscriber] = []
        self._received_until: datetime | None = None
        self._received_at = clock()

    def join(self, subscriber: Subscriber) -> None:
        """Adds a subscriber: it receives every signal from now on."""
        self._subscribers.append(subscriber)

    def since(self) -> datetime:
        """The time (the database's clock) before which every change was received or reported as a gap."""
        return datetime.min.replace(tzinfo=UTC) if self._received_until is None else self._received_until - OVERLAP

    @property
    def silent_seconds(self) -> float:
        """The time since the listener last knew that it had received every commit."""
        return self._clock() - self._received_at

    def on_connect(self, now: datetime) -> None:
        """The listener is connected: it receives all commits after `now`, a time of the database's clock.

        After a failover, `now` comes from another clock. If that clock is behind the previous clock, changes made
        meanwhile have an earlier time than the last signal. The gap then began at `now` minus the time that the
        listener was disconnected.
        """
        if self._received_until is not None:
            away = timedelta(seconds=self._clock() - self._received_at)
            self._received_until = min(self._received_until, now - away)
        else:
            self._received_until = now
        self._gap()
        self.received_until(now)

    def received_until(self, now: datetime) -> None:
        """The listener has received every commit before `now` (the database's clock)."""
        self._received_until, self._received_at = now, self._clock()

    def on_signal(self, signal: Signal) -> None:
        """The listener received the signal."""
        if signal.everything:
            self._gap()
            return
        for subscriber in self._subscribers:
            subscriber.on_signal(signal)

    def on_disconnect(self) -> None:
        """The listener lost its connection; it receives nothing until `on_connect` is called."""
        for subscriber in self._subscribers:
            subscriber.on_disconnect()

    def _gap(self) -> None:
        for subscriber in self._subscribers:
            subscriber.on_gap(self.since())
