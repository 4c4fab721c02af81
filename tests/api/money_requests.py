"""GraphQL documents about money requests, and functions that send them and return the payload."""

from typing import Any

from tests.clients import Client, Person
from tests.payments.customers import new_key

ERRORS = """errors { __typename code message path retryable ... on WrongState { status node { __typename id } }
  ... on RateLimited { retryAfterSeconds } }"""
REQUEST = """{ id direction status amount { amount currency } description expiresAt createdAt updatedAt
  requester { username } payer { username } transaction { id status direction isRisky } }"""
ASK = f"""mutation ($input: RequestMoneyInput!) {{ requestMoney(input: $input) {{ replayed
  moneyRequest {REQUEST} {ERRORS} }} }}"""
SPLIT = f"""mutation ($input: SplitBillInput!) {{ splitBill(input: $input) {{ replayed myShare {{ amount }}
  moneyRequests {REQUEST} {ERRORS} }} }}"""
PAY = f"""mutation ($input: PayRequestInput!) {{ payRequest(input: $input) {{ replayed
  transaction {{ id type direction status expiresAt moneyRequest {REQUEST} }} wallet {{ available {{ amount }} }}
  {ERRORS} }} }}"""
DECLINE = f"mutation ($id: ID!) {{ declineRequest(id: $id) {{ replayed moneyRequest {REQUEST} {ERRORS} }} }}"
CANCEL = f"mutation ($id: ID!) {{ cancelRequest(id: $id) {{ replayed moneyRequest {REQUEST} {ERRORS} }} }}"
CONFIRM = "mutation ($id: ID!) { confirmTransfer(id: $id) { transaction { status } errors { code } } }"
LIST = f"""query ($direction: Direction, $statuses: [MoneyRequestStatus!], $first: Int, $after: String, $last: Int,
    $before: String) {{
  moneyRequests(direction: $direction, statuses: $statuses, first: $first, after: $after, last: $last,
      before: $before) {{
    nodes {REQUEST} edges {{ cursor node {{ id }} }} totalCount
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
NODE = f"query ($id: ID!) {{ node(id: $id) {{ __typename id ... on MoneyRequest {REQUEST} }} }}"


async def request_money(client: Client, by: Person, of: str, amount: str = "12.50", **more: Any) -> Any:
    """The payload of requestMoney. `more` replaces the default input fields."""
    fields = {"from": of, "amount": amount, "description": "Lunch", "idempotencyKey": new_key()} | more
    return (await client.data(ASK, {"input": fields}, by=by))["requestMoney"]


async def new_request(client: Client, by: Person, of: str, amount: str = "12.50") -> str:
    """Makes a money request and returns its id. Asserts that there are no errors."""
    payload = await request_money(client, by, of, amount)
    assert payload["errors"] == []
    id: str = payload["moneyRequest"]["id"]
    return id


async def split(client: Client, by: Person, among: list[str], total: str, **more: Any) -> Any:
    """The payload of splitBill."""
    fields = {"among": among, "total": total, "description": "Dinner", "idempotencyKey": new_key()} | more
    return (await client.data(SPLIT, {"input": fields}, by=by))["splitBill"]


async def pay(client: Client, by: Person, id: str, **more: Any) -> Any:
    """The payload of payRequest."""
    fields = {"id": id, "idempotencyKey": new_key()} | more
    return (await client.data(PAY, {"input": fields}, by=by))["payRequest"]


async def decline(client: Client, by: Person, id: str) -> Any:
    return (await client.data(DECLINE, {"id": id}, by=by))["declineRequest"]


async def cancel(client: Client, by: Person, id: str) -> Any:
    return (await client.data(CANCEL, {"id": id}, by=by))["cancelRequest"]


async def list_requests(client: Client, by: Person, **fields: Any) -> Any:
    return (await client.data(LIST, fields, by=by))["moneyRequests"]


async def find_request(client: Client, by: Person, id: str) -> Any:
    return (await client.data(NODE, {"id": id}, by=by))["node"]
