"""GraphQL documents about cards, and functions that send them and return the payload."""

from typing import Any

from tests.clients import Client, Person
from tests.payments.customers import new_key

MONEY = "{ amount currency }"
CARD = f"""{{ __typename id label brand last4 expiryMonth expiryYear status perPaymentLimit {MONEY}
  monthlyLimit {MONEY} spentThisMonth {MONEY} createdAt }}"""
ERRORS = """errors { __typename code message path retryable ... on WrongState { status node { __typename id } }
  ... on RateLimited { retryAfterSeconds } }"""
ISSUE = f"""mutation ($input: IssueCardInput!) {{ issueCard(input: $input) {{ card {CARD} number securityCode replayed
  {ERRORS} }} }}"""
UPDATE = (
    f"""mutation ($input: UpdateCardLimitsInput!) {{ updateCardLimits(input: $input) {{ card {CARD} {ERRORS} }} }}"""
)
PAY = f"""mutation ($input: SimulateCardPaymentInput!) {{ simulateCardPayment(input: $input) {{ replayed
  transaction {{ id type direction status amount {MONEY} fee {MONEY} description failureCode isRisky bankName
    sender {{ username }} recipient {{ username }} counterparty {{ username }} card {{ id spentThisMonth {MONEY} }}
    entries {{ amount {MONEY} }} }}
  wallet {{ balance {MONEY} available {MONEY} }}
  errors {{ __typename code message path retryable
    ... on InsufficientFunds {{ required {MONEY} available {MONEY} }} }} }} }}"""
LIST = f"{{ cards {CARD} }}"
VERBS = ("freezeCard", "unfreezeCard", "closeCard")


def dollars(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


async def issue(client: Client, by: Person, **fields: Any) -> Any:
    """The payload of issueCard."""
    input = {"label": "Groceries", "idempotencyKey": new_key()} | fields
    return (await client.data(ISSUE, {"input": input}, by=by))["issueCard"]


async def new_card(client: Client, by: Person, **fields: Any) -> str:
    """Issues a card and returns its id."""
    return str((await issue(client, by, **fields))["card"]["id"])


async def change_status(client: Client, by: Person, verb: str, id: str) -> Any:
    """The payload of freezeCard, unfreezeCard or closeCard."""
    document = f"mutation ($id: ID!) {{ {verb}(id: $id) {{ card {CARD} {ERRORS} }} }}"
    return (await client.data(document, {"id": id}, by=by))[verb]


async def update(client: Client, by: Person, id: str, **fields: Any) -> Any:
    """The payload of updateCardLimits."""
    return (await client.data(UPDATE, {"input": {"id": id, **fields}}, by=by))["updateCardLimits"]


async def pay(client: Client, by: Person, card_id: str, amount: str, **fields: Any) -> Any:
    """The payload of simulateCardPayment."""
    input = {"cardId": card_id, "amount": amount, "merchant": "Bookshop", "idempotencyKey": new_key()} | fields
    return (await client.data(PAY, {"input": input}, by=by))["simulateCardPayment"]


def errors_of(payload: Any) -> list[tuple[str, list[str]]]:
    """The code and path of each error."""
    return [(error["code"], error["path"]) for error in payload["errors"]]
