"""Brings an order or a bank account up to date with its provider. Webhooks and the sweeper call these functions.

    refresh_order          asks the bank about an order, and books the answer: it settles, fails, or was taken back
    refresh_bank_account   asks the provider about a link, stores its state if it changed, and notifies the owner
    refresh_by_reference   the same, by the provider's own id of the link

An event of a provider is only a hint: the state that the provider returns now is what counts. So an event that is
repeated, late or out of order changes nothing twice. Decision 75 gives the reasons.
"""

import asyncio
from uuid import UUID

from pocketpay.bank_accounts import links
from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.errors import BankNotReachable
from pocketpay.banking.bank import Link, LinkState, LinkStatus
from pocketpay.payments.desk import Desk
from pocketpay.payments.settle import BANK_SECONDS, ORDERS, ask_bank, used_link
from pocketpay.payments.update_bank_account import UpdateBankAccount
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.repository import lookups
from pocketpay.transactions.transaction import Transaction


async def refresh_order(desk: Desk, transaction_id: UUID) -> Transaction | None:
    """Asks the bank about a deposit or withdrawal that is CREATED or COMPLETED, and books the answer.

    Returns the order after that, or None if there is no such order. An order that has failed is not asked about.
    Raises BankNotReachable when the bank did not answer in time, and ServiceBusy: try again later.
    """
    order = await _order(desk, transaction_id)
    if order is None or order.status not in (Status.CREATED, Status.COMPLETED):
        return order
    await ask_bank(desk, order, await used_link(desk, order))
    return await _order(desk, transaction_id)


async def refresh_bank_account(desk: Desk, bank_account_id: UUID) -> BankAccount | None:
    """Asks the provider about a link, and stores its state if it changed. The link of a removed account is removed at
    the provider.

    Returns the bank account after that, or None if there is none, or if it is of another provider than the server's.
    Raises BankNotReachable when the provider did not answer in time, and ServiceBusy: try again later.
    """
    async with desk.database.read() as session:
        account = await links.account(session, bank_account_id)
        link = None if account is None else await links.link_of(session, account)
    if account is None or link is None or account.provider is not desk.provider:
        return None
    if account.status is LinkStatus.REMOVED:
        await remove_link(desk, link)
        return account
    state = await _state(desk, link)
    (refreshed,) = (await desk.submit(UpdateBankAccount(account.wallet_id, account.id, state))).bank_accounts
    return refreshed


async def refresh_by_reference(desk: Desk, reference: str) -> BankAccount | None:
    """Does the same for the link with the provider's own id. Returns None if no bank account has it."""
    async with desk.database.read() as session:
        id = await links.id_of(session, desk.provider, reference)
    return None if id is None else await refresh_bank_account(desk, id)


async def remove_link(desk: Desk, link: Link) -> None:
    """Removes the link of a removed bank account at the provider. Raises BankNotReachable: the sweeper retries."""
    if link.reference:
        try:
            await asyncio.wait_for(desk.bank.remove_link(link), BANK_SECONDS)
        except (TimeoutError, ConnectionError):
            raise BankNotReachable from None
    async with desk.database.write() as session:
        await links.removed_at_provider(session, link.id)


async def _state(desk: Desk, link: Link) -> LinkState:
    """Returns the provider's state of the link. A link that was never opened is opened: this is idempotent."""
    try:
        if not link.reference:
            return (await asyncio.wait_for(desk.bank.open_link(link), BANK_SECONDS)).state
        return await asyncio.wait_for(desk.bank.link_state(link), BANK_SECONDS)
    except (TimeoutError, ConnectionError):
        raise BankNotReachable from None


async def _order(desk: Desk, transaction_id: UUID) -> Transaction | None:
    async with desk.database.read() as session:
        found = (await lookups.by_ids(session, [transaction_id])).get(transaction_id)
    return found if found is not None and found.type in ORDERS else None
