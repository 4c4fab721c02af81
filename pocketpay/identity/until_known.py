"""Repeats a unit of work until its outcome is known.

When a connection is lost during a unit of work, it is unknown whether the unit was committed. These units are
idempotent for the same ids, so they are run again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pocketpay.database.failures import Failure, ServiceBusy, classify

TRIES = 4
"""The first try and three more, after pauses of a little more than 50, 100 and 200 ms. Together that is longer than
new connections take after a failover."""

FIRST_PAUSE_SECONDS = 0.05

_TRANSIENT = (Failure.RETRY, Failure.LOCK_TIMEOUT, Failure.CANCELLED, Failure.DISK_FULL)
"""Failures that are not the fault of the unit itself. A lost connection is raised as ServiceBusy."""

T = TypeVar("T")


async def until_known(unit: Callable[[], Awaitable[T]]) -> T:
    """Runs `unit`, which must be idempotent, until its outcome is known, and returns its result.

    Raises ServiceBusy when the database cannot run it now, or when the outcome stays unknown. Every other error is
    raised unchanged.
    """
    pause_seconds = FIRST_PAUSE_SECONDS
    for tries_left in reversed(range(TRIES)):
        try:
            return await unit()
        except ServiceBusy as busy:
            if not (busy.may_have_happened and tries_left):
                raise
        except Exception as error:
            failure = classify(error)
            if failure not in _TRANSIENT:
                raise
            if failure is not Failure.RETRY or not tries_left:
                raise ServiceBusy(f"the database could not run it: {failure}") from error
        await asyncio.sleep(pause_seconds * random.uniform(1.0, 1.5))
        pause_seconds *= 2
    raise AssertionError("the last try returns or raises")
