"""The resolver of `operations.closeBankDifference`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS, REASON
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.operations.bank_difference import BankDifference
from pocketpay.operations import close_bank_difference as operations


@strawberry.input(description="The difference to close, and the reason.")
class CloseBankDifferenceInput:
    id: strawberry.ID = strawberry.field(description="The id of the difference.")
    reason: str = strawberry.field(description=REASON)


@strawberry.type(description="The result of closing a difference: the difference as it is now, or the errors.")
class BankDifferencePayload:
    difference: BankDifference | None = strawberry.field(
        default=None, description="The difference; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.mutation(
    description="Closes a difference between a bank's file and the books, with a reason. No money moves. When the "
    "difference is already closed, nothing changes and nothing is recorded. Refusals: NOT_FOUND, INVALID_INPUT "
    "(the reason), FORBIDDEN (the difference is about the operator's own wallet)."
)
@refusals_as_errors(BankDifferencePayload)
async def close_bank_difference(
    info: Info,
    input: Annotated[CloseBankDifferenceInput, strawberry.argument(description="The difference and the reason.")],
) -> BankDifferencePayload:
    operator, services = info.context.require_operator(), info.context.services
    difference, _ = await operations.close_bank_difference(
        services.database, operator, ids.require(ids.BANK_DIFFERENCE, input.id), raw_reason=input.reason
    )
    return BankDifferencePayload(difference=BankDifference.of(difference))
