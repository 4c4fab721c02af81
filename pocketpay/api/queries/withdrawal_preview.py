"""The field `withdrawalPreview`."""

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


@strawberry.input(description="A withdrawal that has not been ordered.")
class WithdrawalPreviewInput:
    amount: Amount = strawberry.field(description="What is to arrive, in the wallet's currency; above zero.")
    speed: WithdrawalSpeed = strawberry.field(default=WithdrawalSpeed.STANDARD, description="How fast.")


@strawberry.type(description="What `withdraw` would do now. Nothing has happened.")
class WithdrawalPreview:
    status: TransactionStatus | None = strawberry.field(
        default=None,
        description="The status it would have before the bank answers: CREATED, or FAILED or BLOCKED, as the errors "
        "say; null when there would be no transaction.",
    )
    amount: Money | None = strawberry.field(
        default=None, description="What would arrive at the bank; null when the amount is not a possible one."
    )
    fee: Money | None = strawberry.field(
        default=None, description="What it would cost; zero for a STANDARD one. Null when the amount is."
    )
    total: Money | None = strawberry.field(
        default=None, description="Amount and fee: what would leave the wallet. Null when the amount is."
    )
    available_after: Money | None = strawberry.field(
        default=None,
        description="What could still be spent after it; null when there would be no transaction.",
    )
    limit: Limit | None = strawberry.field(
        default=None,
        description="The wallet's limit for withdrawals now, without this one; the fee does not count. Null when the "
        "amount is, or when there is no limit for the wallet's currency.",
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why it would be refused; empty when it would not be."
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


@strawberry.field(description="What `withdraw` would do now, by the same rules, with no effect.")
@refusals_as_errors(WithdrawalPreview)
async def withdrawal_preview(
    info: Info, input: Annotated[WithdrawalPreviewInput, strawberry.argument(description="The withdrawal.")]
) -> WithdrawalPreview:
    viewer = info.context.must_view()
    desk = info.context.rooms.desk
    return WithdrawalPreview.of(
        await payments.preview_withdrawal(desk, viewer.wallet_id, raw_amount=input.amount, speed=input.speed.speed)
    )
