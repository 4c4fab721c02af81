"""Waits in tests: until a condition holds, with a timeout."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.patience import PATIENCE_SECONDS

Answer = TypeVar("Answer")


async def until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until `condition` holds. Raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.0005)


async def soon(answer: Awaitable[Answer], seconds: float = PATIENCE_SECONDS) -> Answer:
    """Returns the result of `answer`. Raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        return await answer
