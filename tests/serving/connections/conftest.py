"""Each test here runs on uvloop, which serves, and with BOTH_LOOPS=1 on asyncio's event loop too: their transports
differ."""

import asyncio
import os
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    both = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
    return both if os.environ.get("BOTH_LOOPS") else {"uvloop": uvloop.new_event_loop}
