"""Transaction.title and Transaction.merchant: a short name of the other side."""

from typing import Any

from tests.api.cards import new_card, pay
from tests.api.operators import SET, operate, operator
from tests.clients import PASSWORD, Client, Person
from tests.payments.customers import new_key

TITLES = "{ transactions(first: 50) { nodes { type direction title merchant } } }"
REVERSE = (
    "mutation ($input: ReverseTransactionInput!) { operations { reverseTransaction(input: $input) "
    "{ errors { code } } } }"
)
IDS = "{ transactions(first: 50) { nodes { id type } } }"


async def titles(client: Client, by: Person) -> list[tuple[str | None, ...]]:
    """The type, direction, title and merchant of each transaction, newest first."""
    nodes = (await client.data(TITLES, by=by))["transactions"]["nodes"]
    return [tuple(node.values()) for node in nodes]


async def move(client: Client, by: Person, verb: str, **input: Any) -> Any:
    """Runs a mutation that moves money and returns the id of the transaction."""
    document = (
        f"mutation ($input: {verb[0].upper()}{verb[1:]}Input!) {{ {verb}(input: $input) {{ transaction {{ id }} }} }}"
    )
    answer = await client.data(document, {"input": {**input, "idempotencyKey": new_key()}}, by=by)
    return answer[verb]["transaction"]["id"]


async def operator_without_risk_rules(client: Client) -> Person:
    """An operator who has switched off the rules that would hold payments."""
    olga = await operator(client)
    for name in ("NEW_RECIPIENT_ACTION", "UNUSUAL_HOUR_ACTION"):
        await operate(client, olga, SET, input={"name": name, "value": "off", "reason": "A test"})
    return olga


async def test_a_title_is_a_bank_a_merchant_or_the_welcome_bonus(client: Client) -> None:
    ada = await client.sign_up("ada")
    await move(client, ada, "deposit", amount="50.00", bankName="First Bank")
    await move(client, ada, "withdraw", amount="10.00", bankName="Second Bank", speed="INSTANT")
    await pay(client, ada, await new_card(client, ada), "5.00", merchant="Bookshop")
    await pay(client, ada, await new_card(client, ada), "500.00", merchant="Opera")
    assert await titles(client, ada) == [
        ("CARD", "OUTGOING", "Opera", "Opera"),
        ("CARD", "OUTGOING", "Bookshop", "Bookshop"),
        ("WITHDRAWAL", "OUTGOING", "Second Bank", None),
        ("DEPOSIT", "INCOMING", "First Bank", None),
        ("BONUS", "INCOMING", "Welcome bonus", None),
    ]


async def test_the_title_of_a_payment_and_of_its_refund_is_the_other_person(client: Client) -> None:
    await operator_without_risk_rules(client)
    ada, bea = await client.sign_up("ada"), await client.sign_up("bea")
    id = await move(client, ada, "transfer", to="bea", amount="7.00", description="Opera tickets")
    await move(client, bea, "refund", transactionId=id, reason="Sold out")
    assert (await titles(client, ada))[:2] == [("REFUND", "INCOMING", "Bea", None), ("SEND", "OUTGOING", "Bea", None)]
    assert (await titles(client, bea))[:2] == [("REFUND", "OUTGOING", "Ada", None), ("SEND", "INCOMING", "Ada", None)]


async def test_a_refund_without_another_person_has_the_title_of_its_original(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    await move(client, ada, "deposit", amount="50.00", bankName="First Bank")
    await move(client, ada, "withdraw", amount="10.00", bankName="Second Bank", speed="INSTANT")
    await pay(client, ada, await new_card(client, ada), "5.00", merchant="Bookshop")
    before = (await client.data(IDS, by=ada))["transactions"]["nodes"]
    for node in before:
        input = {"transactionId": node["id"], "reason": "Fraud"}
        assert await operate(client, olga, REVERSE, input=input) == {"errors": []}, node
    assert (await titles(client, ada))[:4] == [
        ("REFUND", "OUTGOING", "Welcome bonus", None),
        ("REFUND", "OUTGOING", "First Bank", None),
        ("REFUND", "INCOMING", "Second Bank", None),
        ("REFUND", "INCOMING", "Bookshop", "Bookshop"),
    ]


async def test_the_title_of_a_payment_to_a_closed_user_is_closed_account(client: Client) -> None:
    await operator_without_risk_rules(client)
    ada, bea = await client.sign_up("ada"), await client.sign_up("bea")
    await move(client, ada, "transfer", to="bea", amount="7.00", description="Opera tickets")
    await move(client, bea, "transfer", to="ada", amount="107.00", description="All that I have")
    await client.data(f'mutation {{ closeWallet(password: "{PASSWORD}") {{ errors {{ code }} }} }}', by=bea)
    assert (await titles(client, ada))[:2] == [
        ("SEND", "INCOMING", "Closed account", None),
        ("SEND", "OUTGOING", "Closed account", None),
    ]
