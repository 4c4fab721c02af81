"""The resolver of `operations.freezeWallet`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.customer_wallet_payload import CustomerWalletPayload, wallet_of_text
from pocketpay.api.wallet import Freeze
from pocketpay.operations import freeze_wallet as payments
from pocketpay.wallets import balance


@strawberry.input(description="The wallet to freeze, and the reason.")
class FreezeWalletInput:
    wallet: str = strawberry.field(
        description="The wallet's id, or its owner's id or username, with or without \"@\"."
    )
    freeze: Freeze = strawberry.field(description="What the freeze prevents.")
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Freezes a customer's wallet. Later payments of the wallet end BLOCKED. A wallet that is frozen "
    "for ALL cannot be paid either, and its owner is locked out: no sign-in, no session refresh, no change of "
    "password or profile. Sessions do not end; each one lasts until its access token expires. The money of "
    "unfinished payments stays held until they end. A wallet that is already frozen in this way does not change, "
    "and nothing is recorded. Refusals: NOT_FOUND, INVALID_INPUT (the reason), FORBIDDEN (the operator's own "
    "wallet), WALLET_CLOSED."
)
@refusals_as_errors(CustomerWalletPayload)
async def freeze_wallet(
    info: Info, input: Annotated[FreezeWalletInput, strawberry.argument(description="The wallet and the reason.")]
) -> CustomerWalletPayload:
    operator, desk = info.context.require_operator(), info.context.services.desk
    wallet_id, freeze = await wallet_of_text(info, input.wallet), balance.Freeze[input.freeze.name]
    answer = await payments.freeze_wallet(desk, operator, wallet_id, freeze=freeze, raw_reason=input.reason)
    return CustomerWalletPayload.of(answer)
