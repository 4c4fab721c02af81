"""Money as clients see it."""

from typing import Self

import strawberry

from pocketpay import money
from pocketpay.api.scalars import Amount, CurrencyCode


@strawberry.type(description="An exact amount of one currency.")
class Money:
    amount: Amount = strawberry.field(
        description='Decimal text with exactly the currency\'s digits; a debit has a minus sign: "12.50", "-3.00".'
    )
    minor_units: str = strawberry.field(
        description="The same in the currency's smallest unit, as text: it may be larger than a 32-bit integer."
    )
    currency: CurrencyCode = strawberry.field(description="The currency of the amount.")

    @classmethod
    def of(cls, amount: money.Money) -> Self:
        """The house's own money, for clients."""
        return cls(
            amount=Amount(str(amount)),
            minor_units=str(amount.minor),
            currency=CurrencyCode(amount.currency),
        )
