"""How an owner closes their wallet and their account, with their password.

    before the unit of work
        rate limit            RATE_LIMITED; the limit of password attempts of signed-in users
        password              INVALID_CREDENTIALS when it is wrong
        opening balance       BALANCE_NOT_ZERO when an imported opening balance is not posted yet

    in the unit of work, `CloseWallet`
        checks   not closed already; the password is still the same; not frozen; empty, and no unfinished payment
        then     the wallet and its cards are closed, its bank accounts are removed, money requests to it are
                 declined, and the personal data of its owner is deleted, in one step

The unit of work holds the wallet's lock, like every payment from or to the wallet. So closing and a payment to the
wallet run one after the other, and the second sees the result of the first. The sweeper cancels the money requests
that the wallet made. Held payments to the wallet do not prevent closing: the owner cannot see them, and they fail
when they are confirmed.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.banking.bank import LinkStatus
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
from pocketpay.transactions.lifecycle import UNFINISHED
from pocketpay.wallets.balance import NewStanding, WalletStatus


@dataclass(frozen=True, slots=True)
class CloseWallet:
    """The instruction to close a wallet and its owner's account permanently."""

    wallet_id: UUID
    closing_user: ClosingUser

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=Lookups(closing_user=self.closing_user.user_id))

    def decide(self, book: Book) -> Outcome:
        """Decides the outcome. Raises WalletFrozen and BalanceNotZero. Repeating it returns the same state.

        When the password was changed after it was checked, the wallet is not closed.
        """
        standing = book.standings[self.wallet_id]
        if standing.status is WalletStatus.CLOSED:
            return Outcome(changed=False, replayed=True)
        if book.hashes.get(self.closing_user.user_id) != self.closing_user.proven:
            return Outcome(changed=False)
        if standing.frozen_for is not None:
            raise WalletFrozen
        account = book.accounts[self.wallet_id]
        if account.posted or account.held or self._has_unfinished_transaction(book):
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
                bank_accounts=tuple(
                    account.ended(LinkStatus.REMOVED, book.now)
                    for account in book.bank_accounts.values()
                    if account.wallet_id == self.wallet_id and account.status is not LinkStatus.REMOVED
                ),
                standings=(NewStanding(self.wallet_id, closed, None),),
                closing_user=self.closing_user,
            )
        )

    def _has_unfinished_transaction(self, book: Book) -> bool:
        """Whether the wallet has an unfinished transaction. The held amount does not show an unfinished deposit."""
        return any(one.anchor == self.wallet_id and one.status in UNFINISHED for one in book.transactions.values())


async def close_wallet(services: IdentityServices, desk: Desk, viewer: Viewer, password: str, *, address: str) -> int:
    """Closes the viewer's wallet permanently. Returns the number of sessions that it ended.

    Raises RateLimited, WrongPassword, WalletFrozen, BalanceNotZero, ServiceBusy, and Unauthenticated when the account
    was closed meanwhile.
    """
    await proof.retry_when_replaced(lambda: _close(services, desk, viewer, password, address))
    async with services.database.read() as session:
        ended = await closing_user.ended_by_closing(session, viewer.user_id)
    # The signal will end these sessions too, but the caller should not have to wait for it.
    services.gate.evict(ended)
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
    emails = () if found.user.email is None else services.fingerprints.of(found.user.email)
    closing_user = ClosingUser.of(viewer.user_id, found.password_hash, emails)
    answer = await desk.submit(CloseWallet(viewer.wallet_id, closing_user))
    if answer.balance.standing.status is not WalletStatus.CLOSED:
        raise proof.HashReplaced
