"""How a wallet is closed: its owner leaves, and nothing may be left in it or on its way.

    closed already?  still the password that was shown?  frozen?  empty, and nothing under way?
    then in one step: the wallet closed, its cards closed, what it was asked for declined, and its owner is nobody

Under the wallet's lock, like whatever pays it or is paid by it: of closing and being paid exactly one comes first,
and the other finds it so. What it asked others for is cancelled by the sweeper of requests. Payments to it that wait
for their sender's answer do not count: their recipient knows nothing of them, and confirmed they fail.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.cards.card import CardStatus
from pocketpay.identity.leaving import Leaver
from pocketpay.payments import requested
from pocketpay.payments.book import Book
from pocketpay.payments.instruction import Besides, Footprint, Needs, Outcome
from pocketpay.requests.money_request import RequestStatus
from pocketpay.transactions.errors import BalanceNotZero, WalletFrozen
from pocketpay.transactions.lifecycle import ALIVE
from pocketpay.wallets.balance import NewStanding, WalletStatus


@dataclass(frozen=True, slots=True)
class CloseWallet:
    """Close that wallet for good; its owner leaves."""

    wallet_id: UUID
    leaver: Leaver

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, needs=Needs(leaving=self.leaver.user_id))

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises WalletFrozen and BalanceNotZero; said again it gives the state reached.

        Where another password has been set since the one that was shown was compared, the wallet stays as it is.
        """
        standing = book.standings[self.wallet_id]
        if standing.status is WalletStatus.CLOSED:
            return Outcome(changed=False, replayed=True)
        if book.hashes.get(self.leaver.user_id) != self.leaver.proven:
            return Outcome(changed=False)
        if standing.frozen_for is not None:
            raise WalletFrozen
        account = book.accounts[self.wallet_id]
        if account.posted or account.held or self._under_way(book):
            raise BalanceNotZero
        closed = replace(standing, status=WalletStatus.CLOSED)
        return Outcome(
            besides=Besides(
                requests=tuple(
                    requested.following(book, request, RequestStatus.DECLINED)
                    for request in book.requests.values()
                    if request.payer_wallet_id == self.wallet_id and request.status is RequestStatus.PENDING
                ),
                cards=tuple(
                    replace(card.following(book.now), status=CardStatus.CLOSED)
                    for card in book.cards.values()
                    if card.wallet_id == self.wallet_id and card.status is not CardStatus.CLOSED
                ),
                standings=(NewStanding(self.wallet_id, closed, None),),
                leaver=self.leaver,
            )
        )

    def _under_way(self, book: Book) -> bool:
        """Whether the wallet has ordered something that is not over: what it holds says nothing of a deposit."""
        return any(one.anchor == self.wallet_id and one.status in ALIVE for one in book.transactions.values())
