"""How a frozen wallet is let go again: an operator says that it may, and why.

the operator's own?  closed?  frozen at all?
then its standing, and the record of the act, in one step
"""

from dataclasses import dataclass, replace
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.outcome import Answer, Outcome, SideEffects
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_reason
from pocketpay.payments.spending import open_wallet
from pocketpay.wallets.balance import NewStanding, WalletStatus


@dataclass(frozen=True, slots=True)
class UnfreezeWallet:
    """Let that wallet go. `id` is the act's."""

    id: UUID
    wallet_id: UUID
    reason: str
    operator: Operator

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id)

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises OwnWallet, WalletClosed."""
        self.operator.require_no_interest(self.wallet_id, field="wallet")
        standing = open_wallet(book, self.wallet_id)
        if standing.frozen_for is None:
            return Outcome(changed=False)
        active = replace(standing, status=WalletStatus.ACTIVE, frozen_for=None)
        act = Act(self.id, self.operator, Action.UNFREEZE, self.reason, wallet_id=self.wallet_id)
        return Outcome(side_effects=SideEffects(standings=(NewStanding(self.wallet_id, active, None),), act=act))


async def unfreeze_wallet(desk: Desk, operator: Operator, wallet_id: UUID, *, raw_reason: str) -> Answer:
    """Lets a wallet that exists go. Raises InvalidInput, OwnWallet, WalletClosed, ServiceBusy."""
    reason = parse_reason(raw_reason)
    return await desk.submit(UnfreezeWallet(uuids.uuid7(), wallet_id, reason, operator))
