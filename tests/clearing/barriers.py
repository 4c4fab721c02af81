"""Barriers that hold units of work at one point, so that a test decides in which order two units go on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pocketpay.clearing import unit
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import Records

BLOCKED = """
select count(*) from pg_stat_activity
where datname = current_database() and application_name = 'pocketpay clearing' and wait_event_type = 'Lock'
"""


class Barrier:
    """Holds every unit of work just before its `step`: "look_up" (it has its locks) or "write" (it has decided)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        self.arrived = 0
        self.errors: list[Exception] = []
        """The errors that the step raised, in order."""
        self._open = asyncio.Event()
        self._step: Callable[..., Any] = getattr(unit, step)
        monkeypatch.setattr(unit, step, self._held)

    async def _held(self, *arguments: Any, **named: Any) -> Any:
        self.arrived += 1
        await self._open.wait()
        try:
            return await self._step(*arguments, **named)
        except Exception as error:
            self.errors.append(error)
            raise

    def open(self) -> None:
        """Lets every unit go on, those that arrive later too."""
        self._open.set()

    async def until_arrived(self, many: int) -> None:
        """Waits until that many units have arrived."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.arrived < many:  # noqa: ASYNC110 - units of two servers arrive without an event
                await asyncio.sleep(0.005)

    async def until_arrived_or_blocked(self, many: int, records: Records) -> bool:
        """Waits until a unit waits for a lock in PostgreSQL, or that many units have arrived. Returns whether one
        waits for a lock. One of both happens: the outcome does not depend on the machine."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.arrived < many:
                if await records.count(BLOCKED):
                    return True
                await asyncio.sleep(0.005)
        return False
