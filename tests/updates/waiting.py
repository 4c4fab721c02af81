"""Waiting in tests: as long as it takes, and never for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Answer = TypeVar("Answer")


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Returns once `condition` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the conditions are of things that know no events
            await asyncio.sleep(0.0005)


async def soon(answer: Awaitable[Answer], seconds: float = 5) -> Answer:
    """The answer, which must come soon."""
    async with asyncio.timeout(seconds):
        return await answer
