"""How a held payment is confirmed: its sender says yes.

    theirs?  still waiting?  still asked for?  sender frozen?  recipient still there?  blocked by a rule by now?
    then the hold is given back and the money posted, in one step

The money was held, so funds are not asked again, and neither are the rules that made it wait. A money request that it
pays is paid in the same unit of work; one that has ended is never paid.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.holds import following, refused, released
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.ledger.account import Leg
from pocketpay.payments.desk import Desk
from pocketpay.requests.money_request import RequestStatus
from pocketpay.risk.rule import RuleAction
from pocketpay.transactions.errors import NotFound, RecipientNotFound, RiskBlocked, WalletFrozen, WrongState
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import PAYMENTS
from pocketpay.wallets.balance import WalletStatus


@dataclass(frozen=True, slots=True)
class Confirm:
    """Let the held payment go out. `payee_id` is its recipient's wallet."""

    wallet_id: UUID
    payee_id: UUID | None
    transaction_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, payee_id=self.payee_id, transaction_id=self.transaction_id)

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises NotFound and WrongState; said again it gives the state reached."""
        held = book.own_transaction(self.transaction_id, self.wallet_id)
        if held is None or held.source_wallet_id is None or held.destination_wallet_id is None:
            raise NotFound
        if held.type not in PAYMENTS:
            raise NotFound
        if held.status is Status.COMPLETED:
            return Outcome(held, changed=False, replayed=True)
        if held.status is not Status.PENDING_CONFIRMATION:
            raise WrongState(held)
        request = None if held.request_id is None else book.requests[held.request_id]
        if request is not None and request.status is not RequestStatus.PENDING:
            raise WrongState(request)
        if book.standings[held.source_wallet_id].status is not WalletStatus.ACTIVE:
            return refused(book, held, WalletFrozen())
        if not book.standings[held.destination_wallet_id].may_receive:
            return refused(book, held, RecipientNotFound())
        verdict = book.risk_of(held.source_wallet_id, held.destination_wallet_id, held.amount, held=held)
        if verdict.action is RuleAction.BLOCK:
            return refused(book, held, RiskBlocked(), verdict)
        legs = (
            Leg(held.source_wallet_id, -held.amount.minor, held.description),
            Leg(held.destination_wallet_id, held.amount.minor, held.description),
        )
        done = replace(following(book, held, Status.COMPLETED), completed_at=book.now)
        return Outcome(done, legs=legs, hold=released(held), side_effects=money_requests.paid(book, request))


async def confirm(desk: Desk, wallet_id: UUID, transaction_id: UUID) -> Answer:
    """Confirms a held payment of that wallet. Raises NotFound, WrongState, ServiceBusy."""
    parties = await desk.resolver.parties(transaction_id)
    if parties is None or parties.source_id != wallet_id:
        raise NotFound
    return await desk.submit(Confirm(wallet_id, parties.destination_id, transaction_id))
