"""How the books follow a bank that takes a settled order's money back.

    deposit      the returned amount leaves the wallet, as a refund of the deposit: bank ← wallet
    withdrawal   amount and fee come back to the wallet, as a refund of the withdrawal: bank, fees → wallet

A bank says how much it has taken back in total, and the rule books the difference to what was refunded so far, read
under the wallet's lock. So an answer that arrives twice, late or on two servers at once is booked once. A refund that
an operator made before counts too: the same money cannot go back twice.

If the wallet no longer has all of a returned deposit, what is available is taken, and the rest is `outstanding`. The
wallet is then frozen for debits, and the sweeper takes the rest as money comes in; the freeze ends when nothing is
outstanding. An operator can end it earlier, and it does not come back for the same return. A closed wallet stays
empty: its return stays outstanding, for an operator.

Decision 75 gives the reasons.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.bank_accounts.bank_return import BankReturn, NewReturn
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.database import uuids
from pocketpay.money import Money
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.payments.desk import Desk
from pocketpay.payments.reversal import Reversal
from pocketpay.transactions.errors import NotFound
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.wallets.balance import Freeze, NewStanding, WalletStatus

DESCRIPTION = "Returned by the bank"

SYSTEM = Operator(None, "Pocket Pay")
"""Who freezes a wallet because of a return, in the operator log."""

FROZEN = "The bank took back a deposit, and the wallet no longer had all of it"
COVERED = "The wallet has covered the deposits that the bank took back"

MAX_WHY = 100
"""Characters of the provider's code that are stored."""


@dataclass(frozen=True, slots=True)
class BookReturn:
    """Books what the bank has taken back of an order. `id` is the id of the refund, `act_id` of the act of a freeze.

    `returned` is the amount that the bank has taken back in total, 0 to book more of what it took back before.
    """

    id: UUID
    act_id: UUID
    wallet_id: UUID
    transaction_id: UUID
    returned: int = 0
    why: str = ""

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            self.wallet_id,
            transaction_id=self.transaction_id,
            lookups=Lookups(bank_returns=(self.wallet_id,)),
        )

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound. Idempotent: without a difference nothing changes."""
        original = book.own_transaction(self.transaction_id, self.wallet_id)
        if (
            original is None
            or original.status is not Status.COMPLETED
            or original.type not in (Type.DEPOSIT, Type.WITHDRAWAL)
        ):
            raise NotFound
        before = book.bank_returns.get(original.id)
        known = 0 if before is None else before.returned
        returned = max(known, min(self.returned, original.amount.minor))
        due = _due(original, returned)
        booked = min(due, _bookable(book, original))
        why = (self.why or ("" if before is None else before.why))[:MAX_WHY]
        after = BankReturn(original.id, self.wallet_id, original.amount.currency, returned, due - booked, why)
        if not returned or (not booked and before is not None and _same(before, after)):
            return Outcome(original, changed=False)
        standing, act = self._freeze(book, after, grown=returned > known)
        change = NewReturn(after, self.id if booked else None)
        if not booked:
            return Outcome(side_effects=SideEffects(bank_return=change, standings=standing, act=act))
        amount = Money(booked, original.amount.currency)
        outcome = Reversal(self.id, original, amount, DESCRIPTION).done(book)
        assert outcome.side_effects is not None, "the original has the refunded amount"  # noqa: S101 - as done() does
        return replace(
            outcome,
            side_effects=replace(outcome.side_effects, bank_return=change, standings=standing, act=act),
        )

    def _freeze(self, book: Book, after: BankReturn, *, grown: bool) -> tuple[tuple[NewStanding, ...], Act | None]:
        """Returns the freeze of a wallet that owes money because of a new return, or the end of that freeze."""
        standing = book.standings[self.wallet_id]
        owes = after.outstanding > 0 or any(
            other.outstanding
            for other in book.bank_returns.values()
            if other.wallet_id == self.wallet_id and other.transaction_id != after.transaction_id
        )
        if owes and grown and standing.status is WalletStatus.ACTIVE:
            frozen = replace(standing, status=WalletStatus.FROZEN, frozen_for=Freeze.DEBITS)
            return (NewStanding(self.wallet_id, frozen, FROZEN),), self._act(Action.FREEZE, FROZEN)
        ours = standing.frozen_for is Freeze.DEBITS and book.freeze_reasons.get(self.wallet_id) == FROZEN
        if ours and not owes:
            active = replace(standing, status=WalletStatus.ACTIVE, frozen_for=None)
            return (NewStanding(self.wallet_id, active, None),), self._act(Action.UNFREEZE, COVERED)
        return (), None

    def _act(self, action: Action, reason: str) -> Act:
        facts = {"freeze": Freeze.DEBITS.value} if action is Action.FREEZE else {}
        return Act(self.act_id, SYSTEM, action, reason, wallet_id=self.wallet_id, facts=facts)


def _due(original: Transaction, returned: int) -> int:
    """Returns what is still to be booked when the bank has taken `returned` back, in minor units."""
    if not returned:
        return 0
    total = original.total.minor if original.type is Type.WITHDRAWAL else returned
    return max(0, total - original.refunded)


def _bookable(book: Book, original: Transaction) -> int:
    """Returns the most that can be booked now: what the wallet of a deposit has, nothing for a closed wallet."""
    if book.standings[original.anchor].status is WalletStatus.CLOSED:
        return 0
    return original.refundable.minor if original.type is Type.WITHDRAWAL else book.accounts[original.anchor].available


def _same(before: BankReturn, after: BankReturn) -> bool:
    return (before.returned, before.outstanding) == (after.returned, after.outstanding)


async def book_return(desk: Desk, wallet_id: UUID, transaction_id: UUID, *, returned: int = 0, why: str = "") -> None:
    """Books what the bank has taken back of a completed order of the wallet. Raises NotFound, ServiceBusy.

    `returned` is the total; 0 books more of what the bank took back before.
    """
    await desk.submit(BookReturn(uuids.uuid7(), uuids.uuid7(), wallet_id, transaction_id, returned, why))
