"""The differences with the bank by GraphQL: listed in pages, closed once, only for operators."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from pocketpay.database.sessions import Database
from tests.api.operators import operate, operator
from tests.clients import Client, Person, serving
from tests.conftest import Dsns
from tests.operations.bank_files import reconcile, today

FIELDS = (
    "id kind fileName line bookedOn reference bankAmount { amount currency } booksAmount { amount } "
    "transaction { type amount { amount } } openedAt closedAt closedBy reason"
)
LIST = (
    "query ($open: Boolean = true, $first: Int, $after: String) { operations { bankDifferences(open: $open, "
    f"first: $first, after: $after) {{ totalCount nodes {{ {FIELDS} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
)
CLOSE = (
    "mutation ($input: CloseBankDifferenceInput!) { operations { closeBankDifference(input: $input) { "
    f"difference {{ {FIELDS} }} errors {{ code message path }} }} }} }}"
)
AUDIT = "{ operations { audit { right openBankDifferences oldestBankDifferenceAt } } }"
ACTIONS = "{ operations { actions { nodes { kind reason bankDifference { id } } } } }"
DEPOSIT = "mutation ($input: DepositInput!) { deposit(input: $input) { transaction { id } errors { code } } }"


@pytest.fixture
async def client(database_dsn: Dsns) -> AsyncIterator[Client]:
    async with serving(database_dsn.server) as client:
        yield client


async def listed(client: Client, by: Person, **variables: Any) -> Any:
    return await operate(client, by, LIST, **variables)


async def test_differences_are_listed_in_pages_and_closed_with_a_reason(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    order = {"amount": "10.00", "bankName": "First Bank", "idempotencyKey": "key-of-the-deposit"}
    paid = (await client.data(DEPOSIT, {"input": order}, by=ada))["deposit"]["transaction"]["id"]
    database: Database = client.services.database
    await reconcile(database, [today("10.01", paid), today("-1.00", "Fees of November")], name="may.csv")

    first = await listed(client, olga, first=1)
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (2, True)
    second = await listed(client, olga, first=1, after=first["pageInfo"]["endCursor"])
    assert (len(second["nodes"]), second["pageInfo"]["hasNextPage"]) == (1, False)
    differs, fees = sorted((*first["nodes"], *second["nodes"]), key=lambda one: str(one["line"]))
    assert (differs["kind"], differs["fileName"], differs["reference"]) == ("AMOUNT_DIFFERS", "may.csv", paid)
    assert differs["bankAmount"] == {"amount": "10.01", "currency": "USD"}
    assert (differs["booksAmount"], differs["transaction"]["type"]) == ({"amount": "10.00"}, "DEPOSIT")
    assert (fees["kind"], fees["bankAmount"]["amount"], fees["booksAmount"]) == ("NOT_IN_BOOKS", "-1.00", None)
    assert (fees["line"], fees["transaction"], fees["closedAt"]) == (3, None, None)

    closing = {"id": fees["id"], "reason": "The bank's fees"}
    closed = await operate(client, olga, CLOSE, input=closing)
    assert closed["errors"] == []
    assert (closed["difference"]["closedBy"], closed["difference"]["reason"]) == ("olga", "The bank's fees")
    assert await operate(client, olga, CLOSE, input={**closing, "reason": "Again"}) == closed
    assert [one["id"] for one in (await listed(client, olga))["nodes"]] == [differs["id"]]
    assert [one["id"] for one in (await listed(client, olga, open=False))["nodes"]] == [fees["id"]]
    assert (await listed(client, olga, open=None))["totalCount"] == 2

    audited = await operate(client, olga, AUDIT)
    assert audited == {"right": True, "openBankDifferences": 1, "oldestBankDifferenceAt": differs["openedAt"]}
    acts = (await operate(client, olga, ACTIONS))["nodes"]
    assert [(act["kind"], act["reason"]) for act in acts[:2]] == [
        ("CLOSE_DIFFERENCE", "The bank's fees"),
        ("RECONCILE", "File may.csv"),
    ]
    assert [act["bankDifference"] for act in acts[:2]] == [{"id": fees["id"]}, None]


async def test_a_refused_closing_has_its_reason_and_only_operators_may_list_and_close_differences(
    client: Client,
) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    await reconcile(client.services.database, [today("-1.00", "Fees of November")])
    (one,) = (await listed(client, olga))["nodes"]
    for given, code, path in (
        ({"id": "bank_difference_7", "reason": "Fees"}, "NOT_FOUND", ["input", "id"]),
        ({"id": one["id"], "reason": " "}, "INVALID_INPUT", ["input", "reason"]),
    ):
        refused = await operate(client, olga, CLOSE, input=given)
        assert (refused["difference"], refused["errors"][0]["code"]) == (None, code)
        assert refused["errors"][0]["path"] == path
    for document, variables in ((LIST, {}), (CLOSE, {"input": {"id": one["id"], "reason": "Fees"}})):
        answer = await client.post(document, variables, by=ada)
        assert answer["data"]["operations"] is None
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await listed(client, olga))["totalCount"] == 1
