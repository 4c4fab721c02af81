"""The mutation refund, and what both sides see of a refund."""

import asyncio
from typing import Any

import pytest

from tests.checked_plans import uncheck_plans
from tests.clients import Client, Person
from tests.payments.customers import new_key

SEEN = """{ id type direction status amount { amount } fee { amount } description counterparty { username }
  failureCode createdAt completedAt updatedAt refunded { amount currency } refundOf { id }
  refunds { id type amount { amount } } entries { amount { amount } description } }"""
REFUND = f"""mutation ($input: RefundInput!) {{ refund(input: $input) {{ replayed transaction {SEEN}
  wallet {{ balance {{ amount }} }} errors {{ __typename code message path retryable }} }} }}"""
SEND = (
    """mutation ($input: TransferInput!) { transfer(input: $input) { transaction { id status } errors { code } } }"""
)
CONFIRM = "mutation ($id: ID!) { confirmTransfer(id: $id) { errors { code } } }"
ONE = f"query ($id: ID!) {{ transaction(id: $id) {SEEN} }}"
HISTORY = """query ($filter: TransactionFilter) { transactions(filter: $filter) { totalCount nodes {
  id type direction createdAt refunded { amount } refundOf { id } refunds { id } } } }"""
RECENT = "{ recentCounterparties { username } }"
ENTRIES = "{ wallet { entries { nodes { amount { amount } description transaction { id type } } } } }"


async def pay(client: Client, by: Person, to: str, amount: str) -> str:
    """Sends a payment, confirms it when it is held, and returns its id."""
    fields = {"to": to, "amount": amount, "description": "Lunch", "idempotencyKey": new_key()}
    sent = (await client.data(SEND, {"input": fields}, by=by))["transfer"]["transaction"]
    if sent["status"] == "PENDING_CONFIRMATION":
        assert (await client.data(CONFIRM, {"id": sent["id"]}, by=by))["confirmTransfer"]["errors"] == []
    return str(sent["id"])


async def refund(client: Client, by: Person, of: str, **more: str | None) -> Any:
    fields = {"transactionId": of, "reason": "Sorry", "idempotencyKey": new_key()} | more
    return (await client.data(REFUND, {"input": fields}, by=by))["refund"]


@pytest.fixture
async def people(client: Client) -> tuple[Person, Person]:
    """Two users with 100.00 each."""
    return await client.sign_up("ada"), await client.sign_up("bob")


async def test_both_sides_see_a_refund_from_their_own_side(client: Client, people: tuple[Person, Person]) -> None:
    ada, bob = people
    paid = await pay(client, ada, "bob", "10.00")
    payload = await refund(client, bob, paid, amount="4.00", reason="Too salty")
    back = payload["transaction"]
    assert (payload["errors"], payload["replayed"], payload["wallet"]) == (
        [],
        False,
        {"balance": {"amount": "106.00"}},
    )
    assert (back["type"], back["direction"], back["status"]) == ("REFUND", "OUTGOING", "COMPLETED")
    assert (back["amount"], back["fee"]) == ({"amount": "4.00"}, {"amount": "0.00"})
    assert (back["refundOf"], back["refunds"], back["refunded"]["amount"]) == ({"id": paid}, [], "0.00")
    assert back["entries"] == [{"amount": {"amount": "-4.00"}, "description": "Too salty"}]
    hers = (await client.data(ONE, {"id": back["id"]}, by=ada))["transaction"]
    assert (hers["direction"], hers["counterparty"], hers["description"]) == (
        "INCOMING",
        {"username": "bob"},
        "Too salty",
    )
    assert hers["createdAt"] == hers["completedAt"] == back["completedAt"]
    assert (hers["refundOf"], hers["entries"][0]["amount"]) == ({"id": paid}, {"amount": "4.00"})
    listed = [{"id": back["id"], "type": "REFUND", "amount": {"amount": "4.00"}}]
    for person in people:
        original = (await client.data(ONE, {"id": paid}, by=person))["transaction"]
        assert (original["status"], original["refundOf"]) == ("COMPLETED", None)
        assert original["refunded"] == {"amount": "4.00", "currency": "USD"}
        assert original["refunds"] == listed
        assert original["updatedAt"] == back["completedAt"]


async def test_only_the_refunder_sees_a_failed_refund(client: Client, people: tuple[Person, Person]) -> None:
    ada, bob = people
    paid = await pay(client, ada, "bob", "10.00")
    await client.sign_up("cyd")
    await pay(client, bob, "cyd", "105.00")
    payload = await refund(client, bob, paid)
    assert (payload["transaction"]["status"], payload["transaction"]["failureCode"]) == (
        "FAILED",
        "INSUFFICIENT_FUNDS",
    )
    assert payload["transaction"]["refundOf"] == {"id": paid}
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("INSUFFICIENT_FUNDS", ["input", "amount"])]
    assert (await client.data(ONE, {"id": payload["transaction"]["id"]}, by=ada))["transaction"] is None
    original = (await client.data(ONE, {"id": paid}, by=ada))["transaction"]
    assert (original["refunded"]["amount"], original["refunds"]) == ("0.00", [])
    only = {"filter": {"types": ["REFUND"]}}
    assert len((await client.data(HISTORY, only, by=bob))["transactions"]["nodes"]) == 1
    assert (await client.data(HISTORY, only, by=ada))["transactions"]["nodes"] == []


async def test_refunds_are_in_both_histories_with_their_own_type(
    client: Client, people: tuple[Person, Person]
) -> None:
    ada, bob = people
    paid = await pay(client, ada, "bob", "10.00")
    first = (await refund(client, bob, paid, amount="1.00"))["transaction"]
    second = (await refund(client, bob, paid))["transaction"]
    for person, direction in ((ada, "INCOMING"), (bob, "OUTGOING")):
        payload = (await client.data(HISTORY, {"filter": {"types": ["REFUND"]}}, by=person))["transactions"]
        assert [(one["id"], one["direction"], one["createdAt"]) for one in payload["nodes"]] == [
            (one["id"], direction, one["completedAt"]) for one in (second, first)
        ]
        assert payload["totalCount"] == 2
        whole = (await client.data(HISTORY, by=person))["transactions"]["nodes"]
        assert [one["type"] for one in whole] == ["REFUND", "REFUND", "SEND", "BONUS"]
        assert [one["refunded"]["amount"] for one in whole] == ["0.00", "0.00", "10.00", "0.00"]
        assert [one["id"] for one in whole[2]["refunds"]] == [second["id"], first["id"]]
    for types, expected in ((["SEND"], 1), (["SEND", "REFUND"], 3), (["REQUEST"], 0)):
        payload = (await client.data(HISTORY, {"filter": {"types": types}}, by=ada))["transactions"]
        assert len(payload["nodes"]) == expected
    of_bob = {"filter": {"counterparty": "bob", "direction": "INCOMING"}}
    assert [one["type"] for one in (await client.data(HISTORY, of_bob, by=ada))["transactions"]["nodes"]] == [
        "REFUND",
        "REFUND",
    ]
    lines = (await client.data(ENTRIES, by=ada))["wallet"]["entries"]["nodes"]
    assert [(one["transaction"]["type"], one["amount"]["amount"]) for one in lines[:3]] == [
        ("REFUND", "9.00"),
        ("REFUND", "1.00"),
        ("SEND", "-10.00"),
    ]


async def test_a_refund_does_not_change_the_order_of_recent_counterparties(
    client: Client, people: tuple[Person, Person]
) -> None:
    ada, bob = people
    await client.sign_up("cyd")
    paid = await pay(client, ada, "bob", "10.00")
    await pay(client, ada, "cyd", "10.00")
    await refund(client, bob, paid)
    recent = (await client.data(RECENT, by=ada))["recentCounterparties"]
    assert [one["username"] for one in recent] == ["cyd", "bob"]


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"transactionId": "nonsense"}, "NOT_FOUND", ["input", "transactionId"]),
        ({"transactionId": "transaction_01m81tb2s6eyprk1xhhm7xv6nm"}, "NOT_FOUND", ["input", "transactionId"]),
        ({"transactionId": "wallet_01m81tb2s6eyprk1xhhm7xv6nm"}, "NOT_FOUND", ["input", "transactionId"]),
        ({"transactionId": ""}, "NOT_FOUND", ["input", "transactionId"]),
        ({"amount": "0"}, "INVALID_AMOUNT", ["input", "amount"]),
        ({"amount": "10.01"}, "REFUND_TOO_LARGE", ["input", "amount"]),
        ({"reason": ""}, "INVALID_INPUT", ["input", "reason"]),
        ({"idempotencyKey": "short"}, "INVALID_INPUT", ["input", "idempotencyKey"]),
    ],
)
async def test_a_refused_refund_has_a_code_and_a_path(
    client: Client, people: tuple[Person, Person], fields: dict[str, str], code: str, path: list[str]
) -> None:
    ada, bob = people
    paid = await pay(client, ada, "bob", "10.00")
    payload = await refund(client, bob, fields.pop("transactionId", paid), **fields)
    assert (payload["transaction"], payload["wallet"], payload["replayed"]) == (None, None, False)
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [(code, path)]


async def test_the_error_says_how_much_can_still_be_refunded(client: Client, people: tuple[Person, Person]) -> None:
    ada, bob = people
    paid = await pay(client, ada, "bob", "10.00")
    await refund(client, bob, paid, amount="4.00")
    (too_large,) = (await refund(client, bob, paid, amount="7.00"))["errors"]
    assert too_large["message"] == "At most 6.00 USD can still be refunded."
    await refund(client, bob, paid)
    (nothing,) = (await refund(client, bob, paid, amount=None))["errors"]
    assert (nothing["code"], nothing["path"]) == ("ALREADY_REFUNDED", ["input", "transactionId"])


async def test_the_refunds_of_a_page_are_read_together(
    client: Client, people: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = people
    for _ in range(4):
        await refund(client, bob, await pay(client, ada, "bob", "1.00"))
    uncheck_plans(client.app.state.server_context.execution)
    reads = []
    read = type(client.services.database).read

    def counted(self: object, *owner: object) -> object:
        task = asyncio.current_task()
        assert task is not None
        if "sweeper" not in task.get_name():  # sweepers read every second
            reads.append(self)
        return read(self, *owner)  # type: ignore[arg-type]

    monkeypatch.setattr(type(client.services.database), "read", counted)
    nodes = (await client.data(HISTORY, by=ada))["transactions"]["nodes"]
    assert sum(len(one["refunds"]) for one in nodes) == 4
    assert len(reads) <= 4  # the page, its count, the originals of refunds, the refunds of originals


async def test_each_mutation_of_a_document_returns_the_state_after_it(
    client: Client, people: tuple[Person, Person]
) -> None:
    ada, bob = people
    paid = await pay(client, ada, "bob", "10.00")
    seen = "{ transaction { refundOf { refunded { amount } refunds { id } } } wallet { limits { used { amount } } } }"
    both = f"""mutation ($one: RefundInput!, $two: RefundInput!, $in: DepositInput!) {{
      one: refund(input: $one) {seen} in: deposit(input: $in) {{ wallet {{ limits {{ kind used {{ amount }} }} }} }}
      two: refund(input: $two) {seen} }}"""
    fields = {"transactionId": paid, "amount": "1.00", "reason": "Sorry"}
    brought = {"amount": "5.00", "bankName": "Bank", "idempotencyKey": new_key()}
    variables = {"one": fields | {"idempotencyKey": new_key()}, "two": fields | {"idempotencyKey": new_key()}}
    payload = await client.data(both, variables | {"in": brought}, by=bob)
    first, second = (payload[name]["transaction"]["refundOf"] for name in ("one", "two"))
    assert (first["refunded"], len(first["refunds"])) == ({"amount": "1.00"}, 1)
    assert (second["refunded"], len(second["refunds"])) == ({"amount": "2.00"}, 2)
    assert payload["one"]["wallet"]["limits"][0] == {"used": {"amount": "0.00"}}
    assert payload["in"]["wallet"]["limits"][0] == {"kind": "DEPOSIT_DAILY", "used": {"amount": "5.00"}}
