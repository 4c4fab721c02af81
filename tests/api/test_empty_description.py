"""A transfer needs no description, neither as a single transfer nor in a batch."""

from typing import Any

from tests.clients import Client
from tests.payments.customers import new_key

SEND = """mutation ($input: TransferInput!) { transfer(input: $input) { replayed transaction { id description }
  errors { code path } } }"""
BATCH = """mutation ($input: TransferBatchInput!) { transferBatch(input: $input) {
  results { transaction { description } errors { code } } errors { code } } }"""
CONFIRM = "mutation ($id: ID!) { confirmTransfer(id: $id) { errors { code } } }"
SEEN = "{ transactions(first: 1) { nodes { id description entries { description } } } }"


async def test_both_sides_see_an_empty_description_when_none_is_given(client: Client) -> None:
    ada, bob = await client.sign_up("ada"), await client.sign_up("bob")
    input = {"to": "bob", "amount": "10.00", "idempotencyKey": new_key()}
    answers = [(await client.data(SEND, {"input": input}, by=ada))["transfer"] for _ in range(2)]
    assert [(one["replayed"], one["errors"]) for one in answers] == [(False, []), (True, [])]
    (paid,) = {one["transaction"]["id"] for one in answers}
    for by in (ada, bob):
        await client.data(CONFIRM, {"id": paid}, by=ada)
        (node,) = (await client.data(SEEN, by=by))["transactions"]["nodes"]
        assert node == {"id": paid, "description": "", "entries": [{"description": ""}]}


async def test_an_absent_and_an_empty_description_have_the_same_key_fingerprint(client: Client) -> None:
    ada, _ = await client.sign_up("ada"), await client.sign_up("bob")
    input = {"to": "bob", "amount": "10.00", "idempotencyKey": new_key()}

    async def sent(**more: Any) -> Any:
        return (await client.data(SEND, {"input": input | more}, by=ada))["transfer"]

    first = await sent()
    for empty in ("", "  "):
        assert await sent(description=empty) == first | {"replayed": True}
    assert (await sent(description="Lunch"))["errors"] == [
        {"code": "IDEMPOTENCY_KEY_REUSED", "path": ["input", "idempotencyKey"]}
    ]


async def test_transfers_in_a_batch_need_no_description(client: Client) -> None:
    ada, _ = await client.sign_up("ada"), await client.sign_up("bob")
    transfers = [{"to": "bob", "amount": "1.00"}, {"to": "bob", "amount": "1.00", "description": "Lunch"}]
    input = {"transfers": transfers, "idempotencyKey": new_key()}
    payload = (await client.data(BATCH, {"input": input}, by=ada))["transferBatch"]
    assert payload == {
        "results": [{"transaction": {"description": text}, "errors": []} for text in ("", "Lunch")],
        "errors": [],
    }
