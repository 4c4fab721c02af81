"""How the sender confirms a held payment.

    sender's own?  still held?  request still pending?  sender frozen?  recipient may receive?  blocked by a rule now?
    then the hold is released and the money is posted, in one step

The money is held, so the available balance is not checked again. The risk rules are evaluated again, but only a rule
that blocks has an effect. If the payment pays a money request, the request is paid in the same unit of work; a
request that has ended is never paid.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.holds import next_version, refused, released
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
    """Confirms the held payment. `payee_id` is the recipient's wallet."""

    wallet_id: UUID
    payee_id: UUID | None
    transaction_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, payee_id=self.payee_id, transaction_id=self.transaction_id)

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound or WrongState. Idempotent: a completed payment is returned unchanged."""
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
        done = replace(next_version(book, held, Status.COMPLETED), completed_at=book.now)
        return Outcome(done, legs=legs, hold=released(held), side_effects=money_requests.paid(book, request))


async def confirm(desk: Desk, wallet_id: UUID, transaction_id: UUID) -> Answer:
    """Confirms a held payment of the wallet. Raises NotFound, WrongState, ServiceBusy."""
    parties = await desk.resolver.parties(transaction_id)
    if parties is None or parties.source_id != wallet_id:
        raise NotFound
    return await desk.submit(Confirm(wallet_id, parties.destination_id, transaction_id))
