"""What the mutations about money requests answer."""

from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.money import Money
from pocketpay.api.money_request import MoneyRequest
from pocketpay.clearing.outcome import Answer
from pocketpay.payments.split_bill import Split


@strawberry.type(description="What came of asking for money, or of answering: the request, or why not.")
class MoneyRequestPayload:
    money_request: MoneyRequest | None = strawberry.field(
        default=None, description="The request as it is now; null when nothing came of it."
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether it had been done before: nothing has changed because of this."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, answer: Answer, wallet_id: UUID) -> Self:
        """The payload of an answer to that wallet's owner."""
        return cls(money_request=MoneyRequest.of(answer.requests[0], wallet_id), replayed=answer.replayed)


@strawberry.type(description="What came of splitting a bill: a request to each of the others, or why not.")
class SplitBillPayload:
    money_requests: list[MoneyRequest] = strawberry.field(
        default_factory=list,
        description="The requests as they are now, in the order of `among`; [] when nothing came of it.",
    )
    my_share: Money | None = strawberry.field(
        default=None, description="What is left to the viewer; null without includeMe, or when nothing came of it."
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether it had been done before: nothing has changed because of this."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, split: Split, wallet_id: UUID) -> Self:
        """The payload of a split by that wallet's owner."""
        return cls(
            money_requests=[MoneyRequest.of(request, wallet_id) for request in split.answer.requests],
            my_share=None if split.my_share is None else Money.of(split.my_share),
            replayed=split.answer.replayed,
        )
