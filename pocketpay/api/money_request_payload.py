"""The payloads of the mutations about money requests."""

from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.money import Money
from pocketpay.api.money_request import MoneyRequest
from pocketpay.clearing.outcome import Answer
from pocketpay.payments.split_bill import Split


@strawberry.type(description="The result of creating or answering a money request: the request, or the errors.")
class MoneyRequestPayload:
    money_request: MoneyRequest | None = strawberry.field(
        default=None, description="The money request as it is now; null when there is none."
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether this repeats an earlier request. A repeat changes nothing."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, answer: Answer, wallet_id: UUID) -> Self:
        """The payload for the owner of this wallet."""
        return cls(money_request=MoneyRequest.of(answer.requests[0], wallet_id), replayed=answer.replayed)


@strawberry.type(
    description="The result of splitting a bill: one money request for each of the other users, or the errors."
)
class SplitBillPayload:
    money_requests: list[MoneyRequest] = strawberry.field(
        default_factory=list,
        description="The money requests as they are now, in the order of `among`; [] when the request was refused.",
    )
    my_share: Money | None = strawberry.field(
        default=None, description="The viewer's own share; null without includeMe, or when the request was refused."
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether this repeats an earlier request. A repeat changes nothing."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, split: Split, wallet_id: UUID) -> Self:
        """The payload for the owner of this wallet, who split the bill."""
        return cls(
            money_requests=[MoneyRequest.of(request, wallet_id) for request in split.answer.requests],
            my_share=None if split.my_share is None else Money.of(split.my_share),
            replayed=split.answer.replayed,
        )
