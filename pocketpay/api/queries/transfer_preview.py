"""The resolver of `transferPreview`."""

from typing import Annotated, Self

import strawberry

from pocketpay.api import errors
from pocketpay.api.context import Info
from pocketpay.api.descriptions import AMOUNT, RECIPIENT
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.money import Money
from pocketpay.api.risk_reason import RiskReason
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction import TransactionStatus
from pocketpay.payments import preview as payments


@strawberry.input(description="The payment to preview.")
class TransferPreviewInput:
    to: str = strawberry.field(description=RECIPIENT)
    amount: Amount = strawberry.field(description=AMOUNT)


@strawberry.type(description="The preview of a transfer. Nothing has changed.")
class TransferPreview:
    status: TransactionStatus | None = strawberry.field(
        default=None, description="The status that the transfer would have; null when there would be no transaction."
    )
    risk_reasons: list[RiskReason] = strawberry.field(
        default_factory=list, description="Why the transfer would be risky; [] when it would not be risky."
    )
    available_after: Money | None = strawberry.field(
        default=None, description="The amount available after the transfer; null when it would be refused."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why the transfer would be refused; empty when it would succeed."
    )

    @classmethod
    def of(cls, preview: payments.TransferPreview) -> Self:
        after = preview.available_after
        return cls(
            status=None if preview.status is None else TransactionStatus[preview.status.name],
            risk_reasons=RiskReason.of(preview.reasons),
            available_after=None if after is None else Money.of(after),
            errors=errors.user_errors(() if preview.refusal is None else (preview.refusal,)),
        )


@strawberry.field(description="What `transfer` would do now, by the same rules. Nothing changes.")
@refusals_as_errors(TransferPreview)
async def transfer_preview(
    info: Info, input: Annotated[TransferPreviewInput, strawberry.argument(description="The payment to preview.")]
) -> TransferPreview:
    viewer = info.context.require_viewer()
    desk = info.context.services.desk
    return TransferPreview.of(
        await payments.preview_transfer(desk, viewer.wallet_id, raw_to=input.to, raw_amount=input.amount)
    )
