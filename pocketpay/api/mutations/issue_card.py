"""The resolver of `issueCard`: the one place where a card's number and code go out."""

from typing import Annotated, Self

import strawberry

from pocketpay.api.card import Card
from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS, IDEMPOTENCY_KEY
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.cards.number import Secrets
from pocketpay.payments import issue_card as payments


@strawberry.input(description="The card to issue.")
class IssueCardInput:
    label: str = strawberry.field(description="The owner's name for the card: one line of 1 to 50 characters.")
    per_payment_limit: Amount | None = strawberry.field(
        default=None, description="Maximum amount of one payment, greater than zero; null for no limit."
    )
    monthly_limit: Amount | None = strawberry.field(
        default=None,
        description="Maximum total of the card's payments in a calendar month (UTC), greater than zero; null "
        "for no limit.",
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.type(description="The result of issuing a card: the card, or the errors.")
class IssueCardPayload:
    card: Card | None = strawberry.field(
        default=None, description="The card as it is now; null when the request was refused."
    )
    replayed: bool = strawberry.field(
        default=False,
        description="Whether an earlier request with this key issued the card. Its number and security code are "
        "not returned again.",
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
    secrets: strawberry.Private[Secrets | None] = None

    @classmethod
    def of(cls, issued: payments.IssuedCard) -> Self:
        return cls(card=Card.of(issued.card), replayed=issued.replayed, secrets=issued.secrets)

    @strawberry.field(
        description="The full number, 16 digits. It is returned only once and is not stored. Null when the request "
        "was refused or replayed. The number starts with 9999, which no real issuer uses: forms accept it, but it "
        "pays only here."
    )
    def number(self) -> str | None:
        return None if self.secrets is None else self.secrets.number

    @strawberry.field(
        description="The security code, three digits. It is returned only once. Null when the request was refused "
        "or replayed."
    )
    def security_code(self) -> str | None:
        return None if self.secrets is None else self.secrets.security_code


@strawberry.mutation(
    description="Issues a virtual card that pays from the viewer's wallet and is valid for four years. The card "
    "number and security code are only in this response. If they are lost, close the card and issue a new one. "
    "Refusals: INVALID_INPUT, INVALID_AMOUNT, WALLET_FROZEN, WALLET_CLOSED, RATE_LIMITED (too many cards are open), "
    "IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(IssueCardPayload)
async def issue_card(
    info: Info, input: Annotated[IssueCardInput, strawberry.argument(description="The card.")]
) -> IssueCardPayload:
    viewer = info.context.require_viewer()
    issued = await payments.issue_card(
        info.context.services.desk,
        viewer.wallet_id,
        raw_label=input.label,
        raw_per_payment_limit=input.per_payment_limit,
        raw_monthly_limit=input.monthly_limit,
        raw_key=input.idempotency_key,
    )
    return IssueCardPayload.of(issued)
