"""Deletes expired counters of attempts, expired codes, and sessions that ended long ago."""

import asyncio

import structlog

from pocketpay.database.loops import log_errors
from pocketpay.identity.services import IdentityServices

EVERY_SECONDS = 60.0
"""The pause between two sweeps. No request waits for a sweep."""

log = structlog.get_logger(__name__)


async def sweep_forever(services: IdentityServices) -> None:
    """Sweeps until it is cancelled. An error in one sweep is logged, and the next sweep follows."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with log_errors(log, work="identity", busy="sweep_postponed", failed="sweep_failed"):
            await services.sweep()
