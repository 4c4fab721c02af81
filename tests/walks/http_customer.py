"""Random orders of customers that a client can send over HTTP."""

import random

from tests.model.customer import Customer
from tests.model.model import Model
from tests.model.orders import (
    BankAnswer,
    Bonus,
    CloseWallet,
    EndUnpayableRequest,
    Expire,
    OpeningBalance,
    Order,
)

NOT_SENT = BankAnswer | Bonus | Expire | EndUnpayableRequest | OpeningBalance | CloseWallet
"""Orders of the bank, of the import and of the sweeper. Wallets are closed at the end of a walk, because an order of a
customer who has closed the wallet is no longer accepted as theirs."""

FOLLOWS = 0.3


class HttpCustomer(Customer):
    """Generates one order at a time."""

    def __init__(self, chance: random.Random, model: Model) -> None:
        super().__init__(chance, model)
        self._before: Order | None = None

    def order(self) -> Order:
        """Returns the next order. It often concerns the same objects as the one before it."""
        self.pick.just_now = []
        before = self._before if self.chance.random() < FOLLOWS else None
        order = self._one(before)
        while isinstance(order, NOT_SENT) or getattr(order, "amount", None) == 0:  # refused before any rule
            order = self._one(before)
        self._before = order
        return order
