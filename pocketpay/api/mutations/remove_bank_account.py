"""The resolver of `removeBankAccount`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.bank_account import BankAccount
from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.payments import remove_bank_account as payments


@strawberry.input(description="The bank account to remove.")
class RemoveBankAccountInput:
    bank_account_id: strawberry.ID = strawberry.field(description="The id of the bank account.")


@strawberry.type(description="The result of removing a bank account: the removed bank account, or the errors.")
class RemoveBankAccountPayload:
    bank_account: BankAccount | None = strawberry.field(
        default=None, description="The bank account as it is now; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.mutation(
    description="Removes one of the viewer's bank accounts permanently. The bank account is no longer in "
    "bankAccounts, but its transactions still show it. A deposit or withdrawal that the bank has not answered yet "
    "still ends. Idempotent: repeating it returns the same result. Refusals: NOT_FOUND."
)
@refusals_as_errors(RemoveBankAccountPayload)
async def remove_bank_account(
    info: Info, input: Annotated[RemoveBankAccountInput, strawberry.argument(description="The bank account.")]
) -> RemoveBankAccountPayload:
    viewer = info.context.require_viewer()
    bank_account_id = ids.bank_account(input.bank_account_id)
    removed = await payments.remove_bank_account(info.context.services.desk, viewer.wallet_id, bank_account_id)
    return RemoveBankAccountPayload(bank_account=BankAccount.of(removed))
