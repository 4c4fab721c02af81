"""Saying a unit of work again until its outcome is known.

A connection lost on the way leaves it open whether the unit was committed. These units are written so that saying
them again with the same ids is the same as having said them once; so that is what is done.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pocketpay.database.failures import Failure, ServiceBusy, classify

TRIES = 4
"""One, and three more: 50, 100 and 200 ms apart and a bit, longer than a failover of connections takes."""

FIRST_PAUSE_SECONDS = 0.05

_PASSING = (Failure.RETRY, Failure.LOCK_TIMEOUT, Failure.CANCELLED, Failure.DISK_FULL)
"""What says nothing against the unit itself. A lost connection comes as ServiceBusy."""

T = TypeVar("T")


async def until_known(unit: Callable[[], Awaitable[T]]) -> T:
    """What `unit` gives. It must bear being said again, with the same ids, after a lost reply.

    Raises ServiceBusy when the database cannot do it now, or when the outcome stays unknown; whatever says that the
    unit itself is wrong is raised as it is.
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
            if failure not in _PASSING:
                raise
            if failure is not Failure.RETRY or not tries_left:
                raise ServiceBusy(f"the database could not do it: {failure}") from error
        await asyncio.sleep(pause_seconds * random.uniform(1.0, 1.5))
        pause_seconds *= 2
    raise AssertionError("the last try returns or raises")
