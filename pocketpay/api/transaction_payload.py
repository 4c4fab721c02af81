"""The payload of every mutation that moves money."""

from dataclasses import field
from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import errors
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.transaction import Transaction
from pocketpay.api.wallet import Wallet
from pocketpay.clearing.outcome import Answer


@strawberry.type(description="The result of moving money: the transaction and the wallet after it, or the errors.")
class TransactionPayload:
    replayed: bool = strawberry.field(
        default=False, description="Whether this repeats an earlier request. A repeat moves no money."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
    answer: strawberry.Private[Answer | None] = None
    viewed_from: strawberry.Private[UUID | None] = field(default=None)

    @classmethod
    def of(cls, answer: Answer, wallet_id: UUID, prefix: tuple[str, ...] = ("input",)) -> Self:
        """The payload for the owner of this wallet. `prefix` is the path of the mutation's fields in errors."""
        refusals = () if answer.refusal is None else (answer.refusal,)
        return cls(
            replayed=answer.replayed,
            errors=errors.user_errors(refusals, prefix) if refusals else [],
            answer=answer,
            viewed_from=wallet_id,
        )

    @strawberry.field(description="The transaction as it is now; null when none was created.")
    def transaction(self) -> Transaction | None:
        if self.answer is None or self.viewed_from is None:
            return None
        return Transaction.of(self.answer.transaction, self.viewed_from)

    @strawberry.field(description="The viewer's wallet after the request; null when there is no transaction.")
    def wallet(self) -> Wallet | None:
        return None if self.answer is None else Wallet.of(self.answer.balance)
