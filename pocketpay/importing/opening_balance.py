"""The opening balance: posts the money that a user had elsewhere as the first entry of their wallet.

It is a deposit from the bank account of the service, completed immediately in one unit of work. Its idempotency key
is derived from the user's id elsewhere, so it is posted only once.
"""

import uuid
from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_key
from pocketpay.transactions.errors import WalletClosed
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.wallets.balance import WalletStatus

DESCRIPTION = "Opening balance"


@dataclass(frozen=True, slots=True)
class OpenBalance:
    """The instruction to post `amount` to a wallet as its opening balance. `came_from` names the earlier system."""

    id: UUID
    wallet_id: UUID
    amount: Money
    came_from: str
    key: Key

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, key=self.key)

    def decide(self, book: Book) -> Outcome:
        """Posts the deposit. Raises WalletClosed. A frozen wallet gets it too: the money is already its owner's."""
        if (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        if book.standings[self.wallet_id].status is WalletStatus.CLOSED:
            raise WalletClosed
        opened = Transaction(
            id=self.id,
            type=Type.DEPOSIT,
            status=Status.COMPLETED,
            source_wallet_id=None,
            destination_wallet_id=self.wallet_id,
            amount=self.amount,
            fee=Money(0, self.amount.currency),
            description=DESCRIPTION,
            bank_name=self.came_from,
            risk_reasons=(),
            failure_code=None,
            failure_facts=None,
            expires_at=None,
            version=1,
            created_at=book.now,
            updated_at=book.now,
            completed_at=book.now,
        )
        bank = book.house.account(HouseKind.BANK, self.amount.currency)
        legs = (
            Leg(bank, -self.amount.minor, DESCRIPTION),
            Leg(self.wallet_id, self.amount.minor, DESCRIPTION),
        )
        return Outcome(opened, legs=legs, key=self.key)


async def open_balance(
    desk: Desk, wallet_id: UUID, amount: Money, *, id: UUID, came_from: str, foreign_id: uuid.UUID
) -> Answer:
    """Posts the opening balance of the user with the id `foreign_id` in the earlier system.

    Idempotent for the same ids. Raises WalletClosed, and ServiceBusy: repeat it then with the same ids.
    """
    key = parse_key(f"opening balance {foreign_id}", wallet_id, "opening balance", came_from, amount)
    return await desk.submit(OpenBalance(id, wallet_id, amount, came_from, key))
