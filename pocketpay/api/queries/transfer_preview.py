"""The door of `transferPreview`."""

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


@strawberry.input(description="A payment that is only thought of.")
class TransferPreviewInput:
    to: str = strawberry.field(description=RECIPIENT)
    amount: Amount = strawberry.field(description=AMOUNT)


@strawberry.type(description="What `transfer` would do now. Nothing has happened.")
class TransferPreview:
    status: TransactionStatus | None = strawberry.field(
        default=None, description="The status it would have; null when nothing would come of it."
    )
    risk_reasons: list[RiskReason] = strawberry.field(
        default_factory=list, description="Why it would be risky; [] when it would not."
    )
    available_after: Money | None = strawberry.field(
        default=None, description="What could still be spent after it; null when nothing would come of it."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why it would be refused; empty when it would not."
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


@strawberry.field(description="What `transfer` would do now, by the same rules, with no effect.")
@refusals_as_errors(TransferPreview)
async def transfer_preview(
    info: Info, input: Annotated[TransferPreviewInput, strawberry.argument(description="The payment thought of.")]
) -> TransferPreview:
    viewer = info.context.must_view()
    desk = info.context.rooms.desk
    return TransferPreview.of(
        await payments.preview_transfer(desk, viewer.wallet_id, raw_to=input.to, raw_amount=input.amount)
    )
