"""Who is locked out: the owner of a wallet that is frozen for all.

    signIn, refreshSession             refused: nobody is let in again
    changePassword, updateProfile      refused: nobody takes the account over meanwhile

A wallet is frozen for all because somebody else may have its owner's session or password. No session is ended: its
access token lasts ten minutes (a setting), shows that the wallet is frozen, and is the last one. When the wallet is
let go, the sessions go on where they stopped.

Decision 25 gives the reasons.
"""

from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.errors import WalletFrozen
from pocketpay.wallets import repository as wallets


async def require_unlocked(session: Session, wallet_id: UUID) -> None:
    """Raises WalletFrozen when the owner of that wallet is locked out, read in the unit of work that lets them in."""
    if await wallets.is_frozen_for_all(session, wallet_id):
        raise WalletFrozen
