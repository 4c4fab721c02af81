"""The sweeper: what nobody comes back for.

Each second, on every server: held payments whose time is over expire, and deposits that the bank has not answered are
asked about again. In bounded batches through the clearing, like everything; two servers that meet do no harm, since
exactly one of them finds something left to do.
"""

import asyncio

import structlog

from pocketpay.database.failures import ServiceBusy
from pocketpay.errors import Refusal
from pocketpay.payments.deposit import BANK_SECONDS, ask_bank
from pocketpay.payments.desk import Desk
from pocketpay.payments.expire import Expire
from pocketpay.payments.repository import units

EVERY_SECONDS = 1.0
MOST_AT_ONCE = 64
"""Half a unit of work: the other half is for people."""

log = structlog.get_logger("sweeper")


async def sweep_forever(desk: Desk) -> None:
    """Sweeps each second until it is cancelled; a database that is away is waited for."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await sweep(desk)
        except ServiceBusy as busy:
            log.warning("sweep put off", reason=str(busy))
        except Exception:
            log.exception("sweep failed")


async def sweep(desk: Desk) -> int:
    """Expires what is overdue and asks about what is unsettled, once; gives how many changed."""
    async with desk.database.read() as session:
        overdue = await units.expired_by_now(session, MOST_AT_ONCE)
        unsettled = await units.unsettled(session, 2 * BANK_SECONDS, MOST_AT_ONCE)
    expiries = [desk.clearing.submit(Expire(wallet_id, transaction_id)) for wallet_id, transaction_id in overdue]
    answers = [ask_bank(desk, accepted) for accepted in unsettled]
    results = await asyncio.gather(*expiries, *answers, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Refusal | ServiceBusy):
            raise result
    return sum(1 for result in results if result is not None and not isinstance(result, BaseException))
