"""The arguments of queries and mutations that are an id."""

from typing import Annotated, TypeAlias

import strawberry

CardId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The id of the card.")]
RequestId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The id of the money request.")]
TransactionId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The id of the transaction.")]
HeldPaymentId: TypeAlias = Annotated[
    strawberry.ID, strawberry.argument(description="The id of the payment that waits for confirmation.")
]
