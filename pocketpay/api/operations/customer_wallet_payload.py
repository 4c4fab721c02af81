"""The payload of mutations that change a customer's wallet."""

from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.operations.customer import CustomerWallet
from pocketpay.api.operations.customer_query import customer_query
from pocketpay.clearing.outcome import Answer
from pocketpay.operations.customers import wallet_of
from pocketpay.transactions.errors import NotFound


@strawberry.type(description="The result of a change to a wallet: the wallet as it is now, or the errors.")
class CustomerWalletPayload:
    wallet: CustomerWallet | None = strawberry.field(
        default=None, description="The wallet after the change; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, answer: Answer) -> Self:
        return cls(wallet=CustomerWallet.of(answer.balance))


async def wallet_of_text(info: Info, typed: str, *, field: str = "wallet") -> UUID:
    """The id of the wallet that an operator named in the input field `field`. Raises NotFound when there is none."""
    wallet_id = await info.context.database.query(wallet_of, customer_query(typed))
    if wallet_id is None:
        raise NotFound(field)
    return wallet_id
