"""Removes what nobody needs any more: counters of attempts that are over, and sessions that have ended."""

import asyncio

import structlog

from pocketpay.database.loops import log_errors
from pocketpay.identity.services import IdentityServices

EVERY_SECONDS = 60.0
"""Between two sweeps: nobody waits for them."""

log = structlog.get_logger(__name__)


async def sweep_forever(services: IdentityServices) -> None:
    """Sweeps until it is cancelled. What goes wrong with one sweep is logged, and the next one comes."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with log_errors(log, busy="sweep_put_off", failed="sweep_failed"):
            await services.sweep()
