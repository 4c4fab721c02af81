"""`operations.reverseTransaction` with `amount`, with `upToAvailable` and with an idempotency key."""

from typing import Any

from tests.api.operators import SET, operate, operator
from tests.api.test_operations import pay
from tests.clients import Client, Person
from tests.payments.customers import new_key

REVERSE = (
    "mutation ($input: ReverseTransactionInput!) { operations { reverseTransaction(input: $input) { replayed "
    "transaction { id amount { amount } refundOf { refunded { amount } } } errors { code path message } } } }"
)
ACTIONS = "{ operations { actions(first: 1) { nodes { kind refund { amount { amount } } transaction { id } } } } }"


async def paid(client: Client, olga: Person) -> tuple[Person, Person, str]:
    """Ada has paid Bea 100.00, and Bea has spent all but 99.99 of her 200.00. Returns both, and the payment's id."""
    ada, bea = await client.sign_up("ada"), await client.sign_up("bea")
    await client.sign_up("cid")
    await operate(client, olga, SET, input={"name": "NEW_RECIPIENT_ACTION", "value": "off", "reason": "A test"})
    id = await pay(client, ada, "bea", "100.00")
    await pay(client, bea, "cid", "100.01")
    return ada, bea, id


async def test_a_payment_is_reversed_in_part_and_the_action_records_the_amount(client: Client) -> None:
    olga = await operator(client)
    _, bea, id = await paid(client, olga)
    input: dict[str, Any] = {"transactionId": id, "reason": "Fraud"}
    refused = await operate(client, olga, REVERSE, input=input)
    assert [error["code"] for error in refused["errors"]] == ["INSUFFICIENT_FUNDS"]
    key = new_key()
    for replayed in (False, True):
        part = await operate(client, olga, REVERSE, input={**input, "amount": "40.00", "idempotencyKey": key})
        assert (part["errors"], part["replayed"]) == ([], replayed)
        assert part["transaction"]["amount"] == {"amount": "40.00"}
        assert part["transaction"]["refundOf"] == {"refunded": {"amount": "40.00"}}
    rest = await operate(client, olga, REVERSE, input={**input, "upToAvailable": True})
    assert rest["transaction"]["amount"] == {"amount": "59.99"}
    (act,) = (await operate(client, olga, ACTIONS))["nodes"]
    assert act == {
        "kind": "REVERSE",
        "refund": {"amount": {"amount": "59.99"}},
        "transaction": {"id": f"customer_{id}"},
    }
    assert (await client.data("{ wallet { balance { amount } } }", by=bea))["wallet"]["balance"]["amount"] == "0.00"


async def test_a_refused_partial_reversal_has_the_path_of_the_amount(client: Client) -> None:
    olga = await operator(client)
    _, _, id = await paid(client, olga)
    for amount, code in (("0.00", "INVALID_AMOUNT"), ("0.001", "INVALID_AMOUNT"), ("100.01", "REFUND_TOO_LARGE")):
        input = {"transactionId": id, "reason": "Fraud", "amount": amount}
        payload = await operate(client, olga, REVERSE, input=input)
        assert payload["transaction"] is None
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, ["input", "amount"])]
