"""How an operator freezes a wallet, for debits or for all, with a reason.

    checks   not the operator's own wallet; not closed; not already frozen in this way
    then     the wallet's standing and the record of the act, in one step

From then on, payments from the wallet end as BLOCKED. A held payment stays held until it is cancelled or expires; it
cannot be confirmed. When a wallet is frozen for all payments, its owner is also locked out
(onboarding/lock_out.py). Freezing the wallet again in the same way changes nothing, and nothing is recorded.
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
from pocketpay.wallets.balance import Freeze, NewStanding, WalletStatus


@dataclass(frozen=True, slots=True)
class FreezeWallet:
    """The instruction to freeze a wallet. `id` is the id of the act."""

    id: UUID
    wallet_id: UUID
    freeze: Freeze
    reason: str
    operator: Operator

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id)

    def decide(self, book: Book) -> Outcome:
        """Decides the outcome. Raises OwnWallet, WalletClosed."""
        self.operator.require_not_own_wallet(self.wallet_id, field="wallet")
        standing = open_wallet(book, self.wallet_id)
        if standing.frozen_for is self.freeze:
            return Outcome(changed=False)
        frozen = replace(standing, status=WalletStatus.FROZEN, frozen_for=self.freeze)
        facts = {"freeze": self.freeze.value}
        act = Act(self.id, self.operator, Action.FREEZE, self.reason, wallet_id=self.wallet_id, facts=facts)
        return Outcome(
            side_effects=SideEffects(standings=(NewStanding(self.wallet_id, frozen, self.reason),), act=act)
        )


async def freeze_wallet(
    desk: Desk, operator: Operator, wallet_id: UUID, *, freeze: Freeze, raw_reason: str
) -> Answer:
    """Freezes a wallet, which must exist. Raises InvalidInput, OwnWallet, WalletClosed, ServiceBusy."""
    reason = parse_reason(raw_reason)
    return await desk.submit(FreezeWallet(uuids.uuid7(), wallet_id, freeze, reason, operator))
