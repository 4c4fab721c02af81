"""The sweeper: what nobody comes back for.

Each second, on every server: held payments whose time is over expire, and so do money requests; orders that the bank
has not answered are asked about again, with growing pauses. In bounded batches through the clearing, like everything;
two servers that meet do no harm, since exactly one of them finds something left to do. A bank that says nothing holds
up no expiry.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from pocketpay.clearing.expire import Expire
from pocketpay.clearing.outcome import Answer
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.loops import log_errors
from pocketpay.errors import Refusal
from pocketpay.payments import repository
from pocketpay.payments.desk import Desk
from pocketpay.payments.lapse_request import LapseRequest
from pocketpay.payments.settle import ask_bank

EVERY_SECONDS = 1.0
MOST_AT_ONCE = 64
"""Half a unit of work: the other half is for people."""

EVER = timedelta(days=36_500)
CLOSED_WITHIN = timedelta(days=1)
"""Wallets closed longer ago have no requests any more: a server looks at all of them once, when it starts."""

log = structlog.get_logger("sweeper")


async def sweep_forever(desk: Desk) -> None:
    """Sweeps each second until it is cancelled; a database that is away is waited for."""
    async with asyncio.TaskGroup() as sweeps:
        sweeps.create_task(_expiring(desk), name="sweeper of overdue payments")
        sweeps.create_task(_asking(desk), name="sweeper of unsettled orders")
        sweeps.create_task(_lapsing(desk), name="sweeper of money requests")


async def expire_overdue(desk: Desk) -> int:
    """Expires a batch of what is overdue; gives how many it was about."""
    async with desk.database.read() as session:
        overdue = await repository.expired_by_now(session, MOST_AT_ONCE)
    orders = [desk.submit(Expire(wallet_id, transaction_id)) for wallet_id, transaction_id in overdue]
    _tell_trouble(await asyncio.gather(*orders, return_exceptions=True))
    return len(overdue)


async def lapse_requests(desk: Desk, *, closed_within: timedelta = CLOSED_WITHIN) -> int:
    """Ends a batch of money requests that cannot be paid any more; gives how many it was about."""
    async with desk.database.read() as session:
        unpayable = await repository.unpayable(session, MOST_AT_ONCE, closed_within=closed_within)
    orders = [desk.submit(LapseRequest(*one)) for one in unpayable]
    _tell_trouble(await asyncio.gather(*orders, return_exceptions=True))
    return len(unpayable)


async def ask_again(desk: Desk) -> int:
    """Asks the bank about a batch of what it is time to ask about again; gives how many it was about.

    Each is claimed before: another server, or this one after a crash, asks when its next pause is over. So all have
    their turn, also behind hundreds that a bank lets wait for days.
    """
    async with desk.database.write() as session:
        unsettled = await repository.unsettled(session, MOST_AT_ONCE)
    _tell_trouble(await asyncio.gather(*(ask_bank(desk, one) for one in unsettled), return_exceptions=True))
    return len(unsettled)


async def _expiring(desk: Desk) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with log_errors(log, busy="sweep postponed", failed="sweep failed"):
            await expire_overdue(desk)


async def _asking(desk: Desk) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with log_errors(log, busy="sweep postponed", failed="sweep failed"):
            await ask_again(desk)


async def _lapsing(desk: Desk) -> None:
    closed_within = EVER
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with log_errors(log, busy="sweep postponed", failed="sweep failed"):
            many = await lapse_requests(desk, closed_within=closed_within)
            if many < MOST_AT_ONCE:
                closed_within = CLOSED_WITHIN


def _tell_trouble(results: Sequence[Answer | BaseException | None]) -> None:
    """One that went wrong holds up no other; refused or busy is no trouble: the next sweep asks again."""
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Refusal | ServiceBusy):
            log.error("sweeping one item failed", exc_info=result)
