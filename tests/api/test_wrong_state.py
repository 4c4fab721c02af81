"""WrongState.node: the error of a late mutation has the object in its current state."""

from typing import Any

from tests.api.money_requests import cancel, new_request
from tests.api.money_requests import pay as pay_request
from tests.clients import Client, Person
from tests.payments.customers import new_key
from tests.people import Owner

SEND = "mutation ($input: TransferInput!) { transfer(input: $input) { transaction { id status } } }"
LATE = """mutation ($id: ID!) { %s(id: $id) { transaction { id } errors { code ... on WrongState { status
  node { __typename id ... on Transaction { status updatedAt counterparty { username } } } } } } }"""


async def held(client: Client, by: Person, to: str) -> str:
    """The id of a payment that waits for confirmation because its recipient is new."""
    input = {"to": to, "amount": "10.00", "description": "Lunch", "idempotencyKey": new_key()}
    payment = (await client.data(SEND, {"input": input}, by=by))["transfer"]["transaction"]
    assert payment["status"] == "PENDING_CONFIRMATION"
    return str(payment["id"])


async def late(client: Client, by: Person, verb: str, id: str) -> Any:
    """The only error of a mutation that is too late. Asserts that it returns no transaction."""
    payload = (await client.data(LATE % verb, {"id": id}, by=by))[verb]
    assert payload["transaction"] is None
    (error,) = payload["errors"]
    assert error["code"] == "WRONG_STATE"
    return error


async def test_confirming_too_late_shows_the_expired_payment(client: Client, owner: Owner) -> None:
    """The mutation itself expires the payment if no sweep has done so."""
    ada, _ = await client.sign_up("ada"), await client.sign_up("bea")
    id = await held(client, ada, "bea")
    await owner.execute(
        "update transactions set expires_at = clock_timestamp() where status = 'pending_confirmation'"
    )
    first, second = [await late(client, ada, verb, id) for verb in ("confirmTransfer", "cancelTransfer")]
    assert first == second
    assert first["status"] == first["node"]["status"] == "EXPIRED"
    assert first["node"]["counterparty"] == {"username": "bea"}
    now = "query ($id: ID!) { transaction(id: $id) { __typename id status updatedAt counterparty { username } } }"
    assert first["node"] == (await client.data(now, {"id": id}, by=ada))["transaction"]


async def test_the_error_of_a_late_mutation_has_the_cancelled_or_completed_payment(client: Client) -> None:
    ada, _, _ = [await client.sign_up(name) for name in ("ada", "bea", "cid")]
    for to, done, too_late, status in (
        ("bea", "cancelTransfer", "confirmTransfer", "CANCELLED"),
        ("cid", "confirmTransfer", "cancelTransfer", "COMPLETED"),
    ):
        id = await held(client, ada, to)
        await client.data(LATE % done, {"id": id}, by=ada)
        error = await late(client, ada, too_late, id)
        assert (error["status"], error["node"]["id"], error["node"]["status"]) == (status, id, status)


async def test_paying_a_request_twice_shows_the_pending_payment(client: Client) -> None:
    ada, bea = await client.sign_up("ada"), await client.sign_up("bea")
    request = await new_request(client, ada, "bea")
    payment = (await pay_request(client, bea, request))["transaction"]
    assert payment["status"] == "PENDING_CONFIRMATION"
    (error,) = (await pay_request(client, bea, request))["errors"]
    assert (error["status"], error["node"]) == (
        "PENDING_CONFIRMATION",
        {"__typename": "Transaction", "id": payment["id"]},
    )
    await cancel(client, ada, request)
    (error,) = (await pay_request(client, bea, request))["errors"]
    assert (error["status"], error["node"]) == ("CANCELLED", {"__typename": "MoneyRequest", "id": request})
