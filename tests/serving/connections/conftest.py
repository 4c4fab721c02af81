"""Runs each test on uvloop, which the server uses. With BOTH_LOOPS=1 it runs on asyncio's event loop too, whose
transports differ."""

import asyncio
import os
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    both = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
    return both if os.environ.get("BOTH_LOOPS") else {"uvloop": uvloop.new_event_loop}
