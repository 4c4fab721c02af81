"""The sweeper: ends overdue payments and requests, and asks the bank about what did not come.

It runs once a second on every server. It expires overdue held payments and money requests, and polls the bank about
orders without an answer, with growing pauses. Every few seconds it also asks about links that customers have not
finished, and about settled orders whose money the bank can still take back, and books returns that a wallet did not
cover at once. All changes go through the clearing in bounded batches. Several servers may sweep at the same time:
only the first one changes an item. The sweeps are separate tasks, so that a bank that does not answer delays no
expiry.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

import structlog

from pocketpay.bank_accounts import links
from pocketpay.bank_accounts.repository import accounts, orders, returns
from pocketpay.clearing.expire import Expire
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.loops import log_errors
from pocketpay.errors import Refusal
from pocketpay.payments import repository
from pocketpay.payments.bank_return import book_return
from pocketpay.payments.desk import Desk
from pocketpay.payments.end_unpayable_request import EndUnpayableRequest
from pocketpay.payments.refresh import refresh_bank_account, refresh_order
from pocketpay.payments.settle import ask_bank

EVERY_SECONDS = 1.0
BANK_EVERY_SECONDS = 5.0
"""How often the sweeper looks for links and settled orders to ask about, and for returns that can be booked. A
provider reports most changes at once by an event, so nobody waits for these."""

MAX_AT_ONCE = 64
"""Items per sweep: half a unit of work, so that the other half is left for users."""

ALL_TIME = timedelta(days=36_500)
CLOSED_WITHIN = timedelta(days=1)
"""How recently a wallet must have been closed to be checked for open requests. A server checks all closed wallets
once when it starts; after that, wallets closed longer ago have no open requests."""

log = structlog.get_logger(__name__)


async def sweep_forever(desk: Desk) -> None:
    """Sweeps each second until it is cancelled. Keeps trying while the database is unavailable."""
    async with asyncio.TaskGroup() as sweeps:
        sweeps.create_task(_expire_overdue_forever(desk), name="sweeper of overdue payments")
        sweeps.create_task(_poll_unsettled_forever(desk), name="sweeper of unsettled orders")
        sweeps.create_task(_end_requests_forever(desk), name="sweeper of money requests")
        sweeps.create_task(_poll_settled_forever(desk), name="sweeper of settled orders")
        sweeps.create_task(_poll_links_forever(desk), name="sweeper of bank accounts")
        sweeps.create_task(_cover_returns_forever(desk), name="sweeper of bank returns")


async def expire_overdue(desk: Desk) -> int:
    """Expires a batch of overdue held payments. Returns their number."""
    async with desk.database.read() as session:
        overdue = await repository.overdue_payments(session, MAX_AT_ONCE)
    orders = [desk.submit(Expire(wallet_id, transaction_id)) for wallet_id, transaction_id in overdue]
    _log_failures(await asyncio.gather(*orders, return_exceptions=True))
    return len(overdue)


async def end_unpayable_requests(desk: Desk, *, closed_within: timedelta = CLOSED_WITHIN) -> int:
    """Ends a batch of money requests that can no longer be paid. Returns their number."""
    async with desk.database.read() as session:
        unpayable = await repository.unpayable(session, MAX_AT_ONCE, closed_within=closed_within)
    orders = [desk.submit(EndUnpayableRequest(*one)) for one in unpayable]
    _log_failures(await asyncio.gather(*orders, return_exceptions=True))
    return len(unpayable)


async def poll_unsettled(desk: Desk) -> int:
    """Polls the bank about a batch of unsettled orders that are due. Returns their number.

    The orders are claimed first: another server, or this server after a crash, polls an order only when its next
    pause is over. So every order is polled, even behind hundreds of orders that a bank leaves unanswered for days.
    """
    async with desk.database.write() as session:
        unsettled = await repository.unsettled(session, MAX_AT_ONCE)
        used = await links.links_of_orders(session, [one.id for one in unsettled]) if unsettled else {}
    asked = (ask_bank(desk, one, used.get(one.id)) for one in unsettled)
    _log_failures(await asyncio.gather(*asked, return_exceptions=True))
    return len(unsettled)


async def poll_settled(desk: Desk) -> int:
    """Asks the bank about a batch of settled orders that are due: it may have taken their money back. Returns their
    number. They are claimed first, like unsettled orders."""
    async with desk.database.write() as session:
        settled = await orders.due(session, MAX_AT_ONCE)
    _log_failures(await asyncio.gather(*(refresh_order(desk, id) for id in settled), return_exceptions=True))
    return len(settled)


async def poll_links(desk: Desk) -> int:
    """Asks the provider about a batch of bank accounts that are due: pending ones, and removed ones whose link it has
    not removed yet. Returns their number. They are claimed first."""
    async with desk.database.write() as session:
        due = await accounts.due(session, desk.provider, MAX_AT_ONCE)
    _log_failures(await asyncio.gather(*(refresh_bank_account(desk, id) for id in due), return_exceptions=True))
    return len(due)


async def cover_returns(desk: Desk) -> int:
    """Books more of a batch of returns whose wallets have money again. Returns their number."""
    async with desk.database.read() as session:
        coverable = await returns.coverable(session, MAX_AT_ONCE)
    booked = (book_return(desk, wallet_id, transaction_id) for wallet_id, transaction_id in coverable)
    _log_failures(await asyncio.gather(*booked, return_exceptions=True))
    return len(coverable)


async def _expire_overdue_forever(desk: Desk) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with _logged("overdue_payments"):
            await expire_overdue(desk)


async def _poll_unsettled_forever(desk: Desk) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with _logged("unsettled_orders"):
            await poll_unsettled(desk)


async def _poll_settled_forever(desk: Desk) -> None:
    while True:
        await asyncio.sleep(BANK_EVERY_SECONDS)
        with _logged("settled_orders"):
            await poll_settled(desk)


async def _poll_links_forever(desk: Desk) -> None:
    while True:
        await asyncio.sleep(BANK_EVERY_SECONDS)
        with _logged("bank_accounts"):
            await poll_links(desk)


async def _cover_returns_forever(desk: Desk) -> None:
    while True:
        await asyncio.sleep(BANK_EVERY_SECONDS)
        with _logged("bank_returns"):
            await cover_returns(desk)


async def _end_requests_forever(desk: Desk) -> None:
    closed_within = ALL_TIME
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with _logged("money_requests"):
            many = await end_unpayable_requests(desk, closed_within=closed_within)
            if many < MAX_AT_ONCE:
                closed_within = CLOSED_WITHIN


def _logged(work: str) -> AbstractContextManager[None]:
    """Logs the errors of one sweep, and counts its runs as `work`."""
    return log_errors(log, work=work, busy="sweep_postponed", failed="sweep_failed")


def _log_failures(results: Sequence[object]) -> None:
    """Logs unexpected errors of single items.

    Does not log a refusal or ServiceBusy, because the next sweep tries the item again.
    """
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Refusal | ServiceBusy):
            log.error("sweep_of_one_item_failed", exc_info=result)
