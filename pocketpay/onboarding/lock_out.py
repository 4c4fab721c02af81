"""Locks out the owner of a wallet that is frozen for all payments.

    signIn, refreshSession             refused, so that nobody gets a new access token
    changePassword, updateProfile      refused, so that nobody can take over the account meanwhile

A wallet is frozen for all payments because a stranger may have its owner's session or password. Freezing does not end
sessions. An access token stays valid until it expires (ten minutes, a setting), so its holder can still read that the
wallet is frozen; the session cannot be refreshed. When the wallet is unfrozen, the session can be refreshed again.

Decision 25 gives the reasons.
"""

from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.errors import WalletFrozen
from pocketpay.wallets import repository as wallets


async def require_unlocked(session: Session, wallet_id: UUID) -> None:
    """Raises WalletFrozen when the wallet's owner is locked out. Call it in the unit of work that a
    locked-out owner must not do."""
    if await wallets.is_frozen_for_all(session, wallet_id):
        raise WalletFrozen
