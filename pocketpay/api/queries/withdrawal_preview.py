"""The resolver of `withdrawalPreview`."""

from typing import Annotated, Self

import strawberry

from pocketpay.api import errors
from pocketpay.api.context import Info
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.limit import Limit
from pocketpay.api.money import Money
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction import TransactionStatus
from pocketpay.api.withdrawal_speed import WithdrawalSpeed
from pocketpay.payments import preview as payments


@strawberry.input(description="The withdrawal to preview.")
class WithdrawalPreviewInput:
    amount: Amount = strawberry.field(
        description="The amount to arrive at the bank, in the wallet's currency; greater than zero."
    )
    speed: WithdrawalSpeed = strawberry.field(
        default=WithdrawalSpeed.STANDARD, description="The speed of the withdrawal."
    )


@strawberry.type(description="The preview of a withdrawal. Nothing has changed.")
class WithdrawalPreview:
    status: TransactionStatus | None = strawberry.field(
        default=None,
        description="The status of the withdrawal before the bank answers: CREATED, FAILED or BLOCKED. The errors "
        "give the reason. Null when there would be no transaction.",
    )
    amount: Money | None = strawberry.field(
        default=None, description="The amount that would arrive at the bank; null when the amount is not valid."
    )
    fee: Money | None = strawberry.field(
        default=None, description="The fee; zero for a STANDARD withdrawal. Null when the amount is not valid."
    )
    total: Money | None = strawberry.field(
        default=None, description="Amount plus fee: what would leave the wallet. Null when the amount is not valid."
    )
    available_after: Money | None = strawberry.field(
        default=None,
        description="The amount available after the withdrawal; null when there would be no transaction.",
    )
    limit: Limit | None = strawberry.field(
        default=None,
        description="The wallet's current limit for withdrawals, before this one; fees do not count. Null when the "
        "amount is not valid, or when the wallet's currency has no limit.",
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why the withdrawal would be refused; empty when it would succeed."
    )

    @classmethod
    def of(cls, preview: payments.WithdrawalPreview) -> Self:
        after, limit = preview.available_after, preview.limit
        return cls(
            status=None if preview.status is None else TransactionStatus[preview.status.name],
            amount=Money.of(preview.amount),
            fee=Money.of(preview.fee),
            total=Money.of(preview.amount + preview.fee),
            available_after=None if after is None else Money.of(after),
            limit=None if limit is None else Limit.of(limit),
            errors=errors.user_errors(() if preview.refusal is None else (preview.refusal,)),
        )


@strawberry.field(description="What `withdraw` would do now, by the same rules. Nothing changes.")
@refusals_as_errors(WithdrawalPreview)
async def withdrawal_preview(
    info: Info, input: Annotated[WithdrawalPreviewInput, strawberry.argument(description="The withdrawal.")]
) -> WithdrawalPreview:
    viewer = info.context.require_viewer()
    desk = info.context.services.desk
    return WithdrawalPreview.of(
        await payments.preview_withdrawal(desk, viewer.wallet_id, raw_amount=input.amount, speed=input.speed.speed)
    )
