"""How an operator unfreezes a wallet, with a reason.

checks   not the operator's own wallet; not closed; frozen
then     the wallet's standing and the record of the act, in one step
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.outcome import Answer, Outcome, SideEffects
from pocketpay.database import uuids
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_reason
from pocketpay.payments.spending import open_wallet
from pocketpay.wallets.balance import NewStanding, WalletStatus


@dataclass(frozen=True, slots=True)
class UnfreezeWallet:
    """The instruction to unfreeze a wallet. `id` is the id of the act."""

    id: UUID
    wallet_id: UUID
    reason: str
    operator: Operator

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id)

    def decide(self, book: Book) -> Outcome:
        """Decides the outcome. Raises OwnWallet, WalletClosed."""
        self.operator.require_not_own_wallet(self.wallet_id, field="wallet")
        standing = open_wallet(book, self.wallet_id)
        if standing.frozen_for is None:
            return Outcome(changed=False)
        active = replace(standing, status=WalletStatus.ACTIVE, frozen_for=None)
        act = Act(self.id, self.operator, Action.UNFREEZE, self.reason, wallet_id=self.wallet_id)
        return Outcome(side_effects=SideEffects(standings=(NewStanding(self.wallet_id, active, None),), act=act))


async def unfreeze_wallet(desk: Desk, operator: Operator, wallet_id: UUID, *, raw_reason: str) -> Answer:
    """Unfreezes a wallet, which must exist. Raises InvalidInput, OwnWallet, WalletClosed, ServiceBusy."""
    reason = parse_reason(raw_reason)
    return await desk.submit(UnfreezeWallet(uuids.uuid7(), wallet_id, reason, operator))
