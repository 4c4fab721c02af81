"""The resolver of `operations.unfreezeWallet`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.customer_wallet_payload import CustomerWalletPayload, wallet_of_text
from pocketpay.operations import unfreeze_wallet as payments


@strawberry.input(description="The wallet to unfreeze, and the reason.")
class UnfreezeWalletInput:
    wallet: str = strawberry.field(
        description="The wallet's id, or its owner's id or username, with or without \"@\"."
    )
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Unfreezes a wallet, so that it can pay and be paid again. A wallet that is not frozen does not "
    "change, and nothing is recorded. Refusals: NOT_FOUND, INVALID_INPUT (the reason), FORBIDDEN (the operator's own "
    "wallet), WALLET_CLOSED."
)
@refusals_as_errors(CustomerWalletPayload)
async def unfreeze_wallet(
    info: Info, input: Annotated[UnfreezeWalletInput, strawberry.argument(description="The wallet and the reason.")]
) -> CustomerWalletPayload:
    operator, desk = info.context.require_operator(), info.context.services.desk
    wallet_id = await wallet_of_text(info, input.wallet)
    return CustomerWalletPayload.of(
        await payments.unfreeze_wallet(desk, operator, wallet_id, raw_reason=input.reason)
    )
