"""The resolver of `Query.currencies`: the served currencies, for a sign-up form and for formatting amounts."""

from typing import Self

import strawberry

from pocketpay import money
from pocketpay.api.context import Info
from pocketpay.api.scalars import CurrencyCode


@strawberry.type(description="A currency of this server.")
class Currency:
    code: CurrencyCode = strawberry.field(description="The ISO 4217 code.")
    name: str = strawberry.field(description='The English name in ISO 4217, like "US Dollar".')
    digits: int = strawberry.field(
        description="Number of digits after the decimal point: 0 to 3. An amount is minorUnits / 10^digits."
    )

    @classmethod
    def of(cls, currency: money.Currency) -> Self:
        return cls(code=CurrencyCode(currency.code), name=currency.name, digits=currency.exponent)


@strawberry.field(description="The currencies of this server. signUp accepts one of them. Needs no session.")
async def currencies(info: Info) -> list[Currency]:
    return [Currency.of(money.currency(code)) for code in info.context.services.settings.served_currencies]
