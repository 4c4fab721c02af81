"""Closing a wallet: a person shows their password once more, and leaves.

account in a wait?        RATE_LIMITED; wrong passwords are counted with those of sign-in
password right?           INVALID_CREDENTIALS
anything promised yet?    BALANCE_NOT_ZERO: an opening balance that is not in the books is theirs
through the clearing      the rest of the rule, and all that ends, in one unit of work (`payments/close_wallet.py`)

The password is compared before, outside any unit; in the unit it is looked at again whether it still is the one.
"""

from pocketpay.identity import proof
from pocketpay.identity.errors import WrongPassword
from pocketpay.identity.leaving import Leaver
from pocketpay.identity.reception import Reception
from pocketpay.identity.repository import leaving
from pocketpay.identity.viewer import Viewer
from pocketpay.importing.repository import people
from pocketpay.payments.close_wallet import CloseWallet
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import BalanceNotZero
from pocketpay.wallets.balance import WalletStatus


async def close_wallet(reception: Reception, desk: Desk, viewer: Viewer, password: str, *, address: str) -> int:
    """Closes the viewer's wallet for good and gives how many sessions ended by it.

    Raises RateLimited, WrongPassword, WalletFrozen, BalanceNotZero, ServiceBusy, and Unauthenticated when they have
    left meanwhile.
    """
    await proof.until_it_stands(lambda: _close(reception, desk, viewer, password, address))
    async with reception.database.read() as session:
        ended = await leaving.ended_by_leaving(session, viewer.user_id)
    # The signal will come, but whoever has just left should not have to wait for it.
    reception.gate.forget(ended)
    return len(ended)


async def _close(reception: Reception, desk: Desk, viewer: Viewer, password: str, address: str) -> None:
    found = await proof.credentials(reception, viewer)
    async with reception.throttle.attempt(proof.account(viewer.user_id), address) as tried:
        verdict = await reception.passwords.verify(found.password_hash, password)
        tried.succeeded = verdict.matches
    if not verdict.matches:
        raise WrongPassword("password")
    async with reception.database.read() as session:
        if await people.is_owed(session, viewer.wallet_id):
            raise BalanceNotZero
    leaver = Leaver.of(viewer.user_id, found.password_hash)
    answer = await desk.clearing.submit(CloseWallet(viewer.wallet_id, leaver))
    if answer.balance.standing.status is not WalletStatus.CLOSED:
        raise proof.Replaced
