"""The resolver of `linkBankAccount`."""

from typing import Annotated, Self

import strawberry

from pocketpay.api.bank_account import BankAccount, BankUse
from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS, IDEMPOTENCY_KEY
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.payments import link_bank_account as payments


@strawberry.input(description="The bank account to link.")
class LinkBankAccountInput:
    use: BankUse = strawberry.field(
        description="What the bank account shall be used for. The provider may allow the other use too."
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.type(description="The result of linking a bank account: the bank account and its page, or the errors.")
class LinkBankAccountPayload:
    bank_account: BankAccount | None = strawberry.field(
        default=None, description="The bank account as it is now; null when the request was refused."
    )
    url: str | None = strawberry.field(
        default=None,
        description="The provider's page, on which the owner chooses the bank account. The page can be opened "
        "once: repeat the request with the same key to get a new page. Null when the owner has nothing left to do, "
        "and when the request was refused.",
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, linked: payments.LinkedBankAccount) -> Self:
        return cls(bank_account=BankAccount.of(linked.account), url=linked.url)


@strawberry.mutation(
    description="Links a bank account of the viewer, for deposits or withdrawals. Open `url` in a browser: on the "
    "provider's page the owner signs in to the bank or gives the account. The bank account is PENDING until then, "
    "and bankAccountUpdated sends it when it is ACTIVE or FAILED. The simulated bank has no page: the bank account "
    "is ACTIVE immediately. Repeating the request with the same key returns the same bank account, and a new page "
    "while the bank account is PENDING. Refusals: INVALID_INPUT, WALLET_FROZEN (only when frozen for ALL), "
    "WALLET_CLOSED, RATE_LIMITED (too many bank accounts are PENDING or ACTIVE), BANK_UNAVAILABLE, "
    "IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(LinkBankAccountPayload)
async def link_bank_account(
    info: Info, input: Annotated[LinkBankAccountInput, strawberry.argument(description="The bank account.")]
) -> LinkBankAccountPayload:
    viewer = info.context.require_viewer()
    linked = await payments.link_bank_account(
        info.context.services.desk,
        viewer.wallet_id,
        viewer.user_id,
        input.use.use,
        raw_key=input.idempotency_key,
    )
    return LinkBankAccountPayload.of(linked)
