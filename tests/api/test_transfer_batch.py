"""The mutation transferBatch."""

from typing import Any

import pytest

from tests.clients import Client, Person
from tests.payments.customers import new_key
from tests.serving.test_limits import weigh

BATCH = """mutation ($input: TransferBatchInput!) { transferBatch(input: $input) { replayed
  results { replayed transaction { id status amount { amount } recipient { username } }
    wallet { balance { amount } held { amount } }
    errors { __typename code message path retryable
      ... on InsufficientFunds { required { amount } available { amount } }
      ... on LimitExceeded { limit { kind used { amount } resetsAt } } } }
  errors { code path } } }"""
SHORT = """mutation ($input: TransferBatchInput!) {
  transferBatch(input: $input) { results { transaction { id status } } } }"""


@pytest.fixture
async def people(client: Client) -> tuple[Person, Person]:
    """Two users with 100.00 each."""
    return await client.sign_up("ada"), await client.sign_up("bob")


def to(username: str, amount: str | int, description: str = "Lunch") -> dict[str, Any]:
    return {"to": username, "amount": amount, "description": description}


async def batch(client: Client, by: Person, *transfers: dict[str, Any], **more: Any) -> Any:
    fields = {"transfers": transfers, "idempotencyKey": new_key()} | more
    return (await client.data(BATCH, {"input": fields}, by=by))["transferBatch"]


async def test_each_result_of_a_batch_has_the_fields_of_a_transfer(
    client: Client, people: tuple[Person, Person]
) -> None:
    ada, _ = people
    key = new_key()
    for again in (False, True):
        payload = await batch(client, ada, to("@bob", "10"), to("bob", "500"), to("bob", 1), idempotencyKey=key)
        assert (payload["errors"], payload["replayed"]) == ([], again)
        held, failed, second = payload["results"]
        assert [one["replayed"] for one in payload["results"]] == [again] * 3
        assert (held["transaction"]["status"], held["errors"]) == ("PENDING_CONFIRMATION", [])
        assert (held["transaction"]["amount"], held["transaction"]["recipient"]) == (
            {"amount": "10.00"},
            {"username": "bob"},
        )
        assert failed["transaction"]["status"] == "FAILED"
        assert failed["errors"] == [
            {
                "__typename": "InsufficientFunds",
                "code": "INSUFFICIENT_FUNDS",
                "message": "The payment needs 500.00 USD, but only 90.00 USD is available.",
                "path": ["input", "transfers", "1", "amount"],
                "retryable": False,
                "required": {"amount": "500.00"},
                "available": {"amount": "90.00"},
            }
        ]
        assert second["transaction"]["status"] == "PENDING_CONFIRMATION"
        after = {"balance": {"amount": "100.00"}, "held": {"amount": "11.00"}}
        assert [one["wallet"] for one in payload["results"]] == [after] * 3


async def test_an_item_without_a_row_has_only_its_errors(client: Client, people: tuple[Person, Person]) -> None:
    ada, _ = people
    payload = await batch(
        client, ada, to("bob", 1), to("nobody_at_all", 1), to("bob", "0"), to("bob", 1, "a\nb"), to("ada", 1)
    )
    assert [[(one["code"], one["path"]) for one in result["errors"]] for result in payload["results"]] == [
        [],
        [("RECIPIENT_NOT_FOUND", ["input", "transfers", "1", "to"])],
        [("INVALID_AMOUNT", ["input", "transfers", "2", "amount"])],
        [("INVALID_INPUT", ["input", "transfers", "3", "description"])],
        [("SELF_TRANSFER", ["input", "transfers", "4", "to"])],
    ]
    assert [(one["transaction"] is None, one["wallet"] is None) for one in payload["results"]] == [(False,) * 2] + [
        (True,) * 2
    ] * 4


async def test_a_refused_atomic_batch_has_the_error_at_the_item_that_failed(
    client: Client, people: tuple[Person, Person]
) -> None:
    ada, _ = people
    payload = await batch(client, ada, to("bob", 60), to("bob", 60), to("bob", 1), atomic=True)
    empty: dict[str, Any] = {"replayed": False, "transaction": None, "wallet": None, "errors": []}
    assert (payload["results"][0], payload["results"][2]) == (empty, empty)
    (error,) = payload["results"][1].pop("errors")
    assert payload["results"][1] | {"errors": []} == empty
    assert (error["code"], error["path"]) == ("INSUFFICIENT_FUNDS", ["input", "transfers", "1", "amount"])
    assert error["available"] == {"amount": "40.00"}


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"transfers": []}, "INVALID_INPUT", ["input", "transfers"]),
        ({"transfers": [to("bob", 1)] * 101}, "INVALID_INPUT", ["input", "transfers"]),
        ({"idempotencyKey": "short"}, "INVALID_INPUT", ["input", "idempotencyKey"]),
    ],
)
async def test_a_refused_batch_has_a_code_and_a_path(
    client: Client, people: tuple[Person, Person], fields: dict[str, Any], code: str, path: list[str]
) -> None:
    ada, _ = people
    payload = await batch(client, ada, to("bob", 1), **fields)
    assert payload == {"replayed": False, "results": [], "errors": [{"code": code, "path": path}]}


async def test_an_idempotency_key_of_another_batch_is_refused(client: Client, people: tuple[Person, Person]) -> None:
    ada, _ = people
    key = new_key()
    await batch(client, ada, to("bob", 1), idempotencyKey=key)
    payload = await batch(client, ada, to("bob", 2), idempotencyKey=key)
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [
        ("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])
    ]


async def test_a_refusal_without_a_field_has_the_path_of_its_item(
    client: Client, people: tuple[Person, Person]
) -> None:
    ada, _ = people
    payload = await batch(client, ada, *[to("bob", "0.01")] * 21)
    assert [(one["code"], one["path"]) for one in payload["results"][20]["errors"]] == [
        ("TOO_MANY_PENDING", ["input", "transfers", "20"])
    ]


async def test_a_batch_of_a_hundred_transfers_is_within_the_limits(
    client: Client, people: tuple[Person, Person]
) -> None:
    ada, _ = people
    fields = {"transfers": [to("bob", "0.01")] * 100, "idempotencyKey": new_key()}
    results = (await client.data(SHORT, {"input": fields}, by=ada))["transferBatch"]["results"]
    assert len(results) == 100
    whole = await batch(client, ada, *[to("bob", "0.02")] * 100)
    assert len(whole["results"]) == 100


def test_the_cost_of_a_batch_counts_a_hundred_results() -> None:
    assert weigh(SHORT).cost == 1 + 100 * 2
    assert weigh(BATCH).cost < 2_000


@pytest.mark.parametrize("letter", ["x", "é", "日", "🎉"])
async def test_a_hundred_long_transfers_fit_in_variables_and_in_the_document(
    client: Client, people: tuple[Person, Person], letter: str
) -> None:
    ada, _ = people
    description = letter * 500
    in_variables = await batch(client, ada, *[to("bob", "0.01", description)] * 100)
    written = f'{{to: "bob", amount: "0.01", description: "{description}"}} ' * 100
    argument = f'input: {{idempotencyKey: "{new_key()}", transfers: [{written}]}}'
    text = f"mutation {{ transferBatch({argument}) {{ results {{ errors {{ code }} }} errors {{ code }} }} }}"
    written_out = (await client.data(text, by=ada))["transferBatch"]
    for payload in (in_variables, written_out):
        assert (payload["errors"], len(payload["results"])) == ([], 100)
        codes = {error["code"] for result in payload["results"] for error in result["errors"]}
        assert codes == {"TOO_MANY_PENDING"}, "the first twenty wait for confirmation"
