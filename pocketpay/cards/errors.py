"""The refusals to issue a card or to pay by card. They hold facts; the messages are written elsewhere.

Refusal
├── TooManyCards(most)                     RATE_LIMITED: the wallet already has the maximum of open cards
├── CardClosed                             CARD_CLOSED
├── CardFrozen                             CARD_FROZEN
├── CardExpired                            CARD_EXPIRED
├── AbovePaymentLimit(limit)               CARD_LIMIT_EXCEEDED: the limit per payment
└── AboveMonthlyLimit(limit, remaining)    CARD_LIMIT_EXCEEDED: the monthly limit
"""

from pocketpay.errors import Refusal
from pocketpay.money import Money


class TooManyCards(Refusal):
    code = "RATE_LIMITED"

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class CardClosed(Refusal):
    code = "CARD_CLOSED"
    field = "cardId"


class CardFrozen(Refusal):
    code = "CARD_FROZEN"
    field = "cardId"


class CardExpired(Refusal):
    code = "CARD_EXPIRED"
    field = "cardId"


class AbovePaymentLimit(Refusal):
    code = "CARD_LIMIT_EXCEEDED"
    field = "amount"

    def __init__(self, limit: Money) -> None:
        super().__init__(limit)
        self.limit = limit


class AboveMonthlyLimit(Refusal):
    code = "CARD_LIMIT_EXCEEDED"
    field = "amount"

    def __init__(self, limit: Money, remaining: Money) -> None:
        super().__init__(limit, remaining)
        self.limit, self.remaining = limit, remaining
