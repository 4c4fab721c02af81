"""How a wallet is closed: its owner shows their password once more, and leaves.

    before the unit of work
        user in a wait?            RATE_LIMITED; the budget of signed-in users
        password right?            INVALID_CREDENTIALS
        opening balance pending?   BALANCE_NOT_ZERO: an imported opening balance that is not posted is theirs

    in the unit of work, `CloseWallet`
        closed already?  still the same password?  frozen?  empty, and nothing pending?
        then in one step: the wallet is closed, its cards are closed, requests to it are declined, its owner is
        anonymous

The unit holds the wallet's lock, like every payment from it or to it: of closing and being paid exactly one comes
first, and the other finds it so. The sweeper cancels the requests that the wallet made. Held payments to the wallet
do not count: their recipient cannot know of them, and they fail when they are confirmed.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.cards.card import CardStatus
from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.identity import proof
from pocketpay.identity.closing_user import ClosingUser
from pocketpay.identity.errors import WrongPassword
from pocketpay.identity.repository import closing_user
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.viewer import Viewer
from pocketpay.importing.repository import people
from pocketpay.payments.desk import Desk
from pocketpay.requests.money_request import RequestStatus
from pocketpay.transactions.errors import BalanceNotZero, WalletFrozen
from pocketpay.transactions.lifecycle import ALIVE
from pocketpay.wallets.balance import NewStanding, WalletStatus


@dataclass(frozen=True, slots=True)
class CloseWallet:
    """Close that wallet for good; its owner leaves."""

    wallet_id: UUID
    closing_user: ClosingUser

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=Lookups(closing_user=self.closing_user.user_id))

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises WalletFrozen and BalanceNotZero; said again it gives the state reached.

        Where another password has been set since the one that was shown was compared, the wallet stays as it is.
        """
        standing = book.standings[self.wallet_id]
        if standing.status is WalletStatus.CLOSED:
            return Outcome(changed=False, replayed=True)
        if book.hashes.get(self.closing_user.user_id) != self.closing_user.proven:
            return Outcome(changed=False)
        if standing.frozen_for is not None:
            raise WalletFrozen
        account = book.accounts[self.wallet_id]
        if account.posted or account.held or self._under_way(book):
            raise BalanceNotZero
        closed = replace(standing, status=WalletStatus.CLOSED)
        return Outcome(
            side_effects=SideEffects(
                requests=tuple(
                    money_requests.next_version(book, request, RequestStatus.DECLINED)
                    for request in book.requests.values()
                    if request.payer_wallet_id == self.wallet_id and request.status is RequestStatus.PENDING
                ),
                cards=tuple(
                    replace(card.next_version(book.now), status=CardStatus.CLOSED)
                    for card in book.cards.values()
                    if card.wallet_id == self.wallet_id and card.status is not CardStatus.CLOSED
                ),
                standings=(NewStanding(self.wallet_id, closed, None),),
                closing_user=self.closing_user,
            )
        )

    def _under_way(self, book: Book) -> bool:
        """Whether the wallet has ordered something that is not over: what it holds says nothing of a deposit."""
        return any(one.anchor == self.wallet_id and one.status in ALIVE for one in book.transactions.values())


async def close_wallet(services: IdentityServices, desk: Desk, viewer: Viewer, password: str, *, address: str) -> int:
    """Closes the viewer's wallet for good and gives how many sessions ended by it.

    Raises RateLimited, WrongPassword, WalletFrozen, BalanceNotZero, ServiceBusy, and Unauthenticated when they have
    left meanwhile.
    """
    await proof.until_it_stands(lambda: _close(services, desk, viewer, password, address))
    async with services.database.read() as session:
        ended = await closing_user.ended_by_closing(session, viewer.user_id)
    # The signal will come, but whoever has just left should not have to wait for it.
    services.gate.forget(ended)
    return len(ended)


async def _close(services: IdentityServices, desk: Desk, viewer: Viewer, password: str, address: str) -> None:
    found = await proof.credentials(services, viewer)
    async with services.throttle.signed_in(viewer.user_id, address) as tried:
        verdict = await services.passwords.verify(found.password_hash, password)
        tried.succeeded = verdict.matches
    if not verdict.matches:
        raise WrongPassword("password")
    async with services.database.read() as session:
        if await people.is_owed(session, viewer.wallet_id):
            raise BalanceNotZero
    email = None if found.user.email is None else services.fingerprints.of(found.user.email)
    closing_user = ClosingUser.of(viewer.user_id, found.password_hash, email)
    answer = await desk.submit(CloseWallet(viewer.wallet_id, closing_user))
    if answer.balance.standing.status is not WalletStatus.CLOSED:
        raise proof.Replaced
