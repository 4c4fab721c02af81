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
    RequestMoney,
)

NOT_SENT = BankAnswer | Bonus | Expire | EndUnpayableRequest | OpeningBalance | CloseWallet
"""Orders of the bank, of the import and of the sweeper. Wallets are closed at the end of a walk, because an order of
a customer who has closed the wallet is no longer accepted as theirs."""

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
        while isinstance(order, NOT_SENT) or _is_invalid(order):
            order = self._one(before)
        self._before = order
        return order


def _is_invalid(order: Order) -> bool:
    """Returns whether the server refuses the order before any rule of the model: an amount of zero, or a bill that a
    customer splits with themselves."""
    if isinstance(order, RequestMoney) and len(order.among) > 1 and order.who in order.among:
        return True
    return getattr(order, "amount", None) == 0
