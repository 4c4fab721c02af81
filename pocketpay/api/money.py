"""Money as clients see it."""

from typing import Self

import strawberry

from pocketpay import money
from pocketpay.api.scalars import Amount, CurrencyCode


@strawberry.type(description="An exact amount in one currency.")
class Money:
    value: strawberry.Private[money.Money]

    @classmethod
    def of(cls, amount: money.Money) -> Self:
        """Converts an amount of the packages below."""
        return cls(value=amount)

    @strawberry.field(
        description='Decimal text with exactly the currency\'s digits; a debit has a minus sign: "12.50", "-3.00".'
    )
    def amount(self) -> Amount:
        return Amount(str(self.value))

    @strawberry.field(
        description="The amount in the currency's minor unit, as text because it can be larger than a 32-bit integer."
    )
    def minor_units(self) -> str:
        return str(self.value.minor)

    @strawberry.field(description="The currency of the amount.")
    def currency(self) -> CurrencyCode:
        return CurrencyCode(self.value.currency)
