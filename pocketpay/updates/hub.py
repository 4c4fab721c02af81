"""The hub: gives every signal that the listener receives to the subscribers of this server.

Subscribers join at the start: the feeds of the subscriptions, and those that drop tokens and sockets of ended
sessions. A subscriber is called in the listener's own turn of the event loop. It only notes the signal, in bounded
space, and works on it later in a task of its own. The hub never waits, and keeps nothing but the time.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pocketpay.updates.signals import Signal

OVERLAP = timedelta(seconds=10)
"""A change is stamped before its commit, by as much as a unit of work may last (5 s); twice that is looked back."""


class Subscriber(Protocol):
    """Whoever wants the signals on this server. None of these methods may wait or raise."""

    def on_signal(self, signal: Signal) -> None:
        """That was committed. `signal.everything` is never set here."""

    def on_gap(self, since: datetime) -> None:
        """Anything may have been changed since that moment (the database's clock): read again."""

    def on_disconnect(self) -> None:
        """The listener lost its connection. No signal comes until `on_gap`."""


class Hub:
    """Gives every signal to every subscriber; each picks what it needs. `clock` is in seconds and never runs
    backwards."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._subscribers: list[Subscriber] = []
        self._heard_until: datetime | None = None
        self._heard_at = 0.0

    def join(self, subscriber: Subscriber) -> None:
        """From now on `subscriber` gets every signal."""
        self._subscribers.append(subscriber)

    def since(self) -> datetime:
        """What changed before that moment (the database's clock) has been heard, if it was not told to be missed."""
        return datetime.min.replace(tzinfo=UTC) if self._heard_until is None else self._heard_until - OVERLAP

    def listens(self, now: datetime) -> None:
        """The listener receives what is committed from `now` (the database's clock) on.

        After a failover that is another clock. If it is behind the last one, changes made meanwhile have an earlier
        time than the last signal: the gap began at `now` less the time that the listener was away.
        """
        if self._heard_until is not None:
            away = timedelta(seconds=self._clock() - self._heard_at)
            self._heard_until = min(self._heard_until, now - away)
        else:
            self._heard_until = now
        self._gap()
        self.heard_until(now)

    def heard_until(self, now: datetime) -> None:
        """The listener has received all that was committed before `now` (the database's clock)."""
        self._heard_until, self._heard_at = now, self._clock()

    def on_signal(self, signal: Signal) -> None:
        """The listener received that signal."""
        if signal.everything:
            self._gap()
            return
        for subscriber in self._subscribers:
            subscriber.on_signal(signal)

    def on_disconnect(self) -> None:
        """The listener receives nothing until `listens`."""
        for subscriber in self._subscribers:
            subscriber.on_disconnect()

    def _gap(self) -> None:
        for subscriber in self._subscribers:
            subscriber.on_gap(self.since())
