"""The door of `issueCard`: the one place where a card's number and code go out."""

from typing import Annotated, Self

import strawberry

from pocketpay.api.card import Card
from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS, IDEMPOTENCY_KEY
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.cards.number import Secrets
from pocketpay.payments import issue_card as payments


@strawberry.input(description="A card to be issued.")
class IssueCardInput:
    label: str = strawberry.field(description="What its owner will call it: one line, 1 to 50 characters.")
    per_payment_limit: Amount | None = strawberry.field(
        default=None, description="The most that it may pay at once, above zero; null for no such limit."
    )
    monthly_limit: Amount | None = strawberry.field(
        default=None, description="The most that it may pay in a calendar month (UTC), above zero; null for none."
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.type(description="What came of issuing a card, or why not.")
class IssueCardPayload:
    card: Card | None = strawberry.field(default=None, description="The card as it is now; null when it was refused.")
    replayed: bool = strawberry.field(
        default=False, description="Whether it had been issued before: its number and code are not shown again."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
    secrets: strawberry.Private[Secrets | None] = None

    @classmethod
    def of(cls, issued: payments.Issued) -> Self:
        return cls(card=Card.of(issued.card), replayed=issued.replayed, secrets=issued.secrets)

    @strawberry.field(
        description="All 16 digits, this once: they are kept nowhere. Null when it was refused or replayed. No "
        "issuer has such numbers (9999…): they pass a form's check and pay nowhere else."
    )
    def number(self) -> str | None:
        return None if self.secrets is None else self.secrets.number

    @strawberry.field(description="The three digits beside it, this once. Null when it was refused or replayed.")
    def security_code(self) -> str | None:
        return None if self.secrets is None else self.secrets.security_code


@strawberry.mutation(
    description="Issues a virtual card that pays from the viewer's wallet, good for four years. Its number and code "
    "are in this answer and in no other: who loses them closes the card and issues another. Refusals: INVALID_INPUT, "
    "INVALID_AMOUNT, WALLET_FROZEN, WALLET_CLOSED, RATE_LIMITED (too many cards are open), IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(IssueCardPayload)
async def issue_card(
    info: Info, input: Annotated[IssueCardInput, strawberry.argument(description="The card.")]
) -> IssueCardPayload:
    viewer = info.context.must_view()
    issued = await payments.issue_card(
        info.context.rooms.desk,
        viewer.wallet_id,
        raw_label=input.label,
        raw_per_payment_limit=input.per_payment_limit,
        raw_monthly_limit=input.monthly_limit,
        raw_key=input.idempotency_key,
    )
    return IssueCardPayload.of(issued)
