"""The viewer's cards: listing, finding, freezing, unfreezing and closing them, and their limits."""

from typing import Any

import pytest
from asyncpg import Connection, Record

from pocketpay.api import ids
from pocketpay.cards import repository
from tests.api.cards import CARD, LIST, UPDATE, VERBS, change_status, dollars, errors_of, issue, new_card, pay, update
from tests.clients import Client, Person
from tests.plans import explained, rows_read, scans

NODE = f"query ($id: ID!) {{ node(id: $id) {{ __typename ... on Card {CARD} }} }}"
STATUS = {"freezeCard": "FROZEN", "unfreezeCard": "ACTIVE", "closeCard": "CLOSED"}
CLOSED = """
insert into cards (id, wallet_id, currency, label, brand, last4, expiry_month, expiry_year, status, spent, spent_in,
    version, created_at, updated_at)
select gen_random_uuid(), wallet_id, currency, 'Old ' || n, brand, last4, expiry_month, expiry_year, 'closed', 0,
    spent_in, 1, created_at + n * $1 * interval '1 second', updated_at
from cards, generate_series(1, 120) n where label = 'First'
"""


async def listed(client: Client, by: Person) -> list[Any]:
    cards: list[Any] = (await client.data(LIST, by=by))["cards"]
    return cards


def foreign_ids(id: str) -> list[str]:
    """Ids that are not a card of the viewer: an id of another type and malformed ids."""
    uuid = ids.decode(ids.CARD, id)
    assert uuid is not None
    return [ids.encode(ids.WALLET, uuid), id[:-1], f"{id}x", "card_", "", "1", "card_" + "0" * 100]


async def test_cards_are_listed_newest_first(client: Client) -> None:
    ada, bob = await client.sign_up("ada"), await client.sign_up("bob")
    made = [await new_card(client, ada, label=f"Card {n}") for n in range(3)]
    await new_card(client, bob)
    await change_status(client, ada, "closeCard", made[2])
    assert [card["id"] for card in await listed(client, ada)] == made[::-1]
    assert [card["status"] for card in await listed(client, ada)] == ["CLOSED", "ACTIVE", "ACTIVE"]


@pytest.mark.parametrize("direction", [1, -1])
async def test_the_card_list_has_every_open_card_and_the_newest_closed_ones(
    client: Client, owner: "Connection[Record]", direction: int
) -> None:
    ada = await client.sign_up("ada")
    first, second = [await new_card(client, ada, label=label) for label in ("First", "Second")]
    await owner.execute(CLOSED, direction)
    cards = await listed(client, ada)
    assert len(cards) == 100
    assert {first, second} <= {card["id"] for card in cards}
    made = [card["createdAt"] for card in cards]
    assert made == sorted(made, reverse=True)
    newest = range(23, 121) if direction == 1 else range(1, 99)
    assert {card["label"] for card in cards} == {"First", "Second"} | {f"Old {n}" for n in newest}


async def test_the_card_list_reads_at_most_two_more_cards_than_it_returns(
    client: Client, owner: "Connection[Record]"
) -> None:
    ada = await client.sign_up("ada")
    await new_card(client, ada, label="First")
    for step in (1, 1000, 200_000):
        await owner.execute(CLOSED, step)
    wallet_id = await owner.fetchval("select wallet_id from cards limit 1")
    await owner.execute("set enable_seqscan = off; set enable_bitmapscan = off")
    plan = await explained(owner, repository._LISTED, "uuid, int", wallet_id, 100)
    assert rows_read(scans(plan, "cards")) <= 102


async def test_only_the_owner_finds_a_card_by_its_id(client: Client) -> None:
    ada, eve = await client.sign_up("ada"), await client.sign_up("eve")
    card = (await issue(client, ada))["card"]
    assert (await client.data(NODE, {"id": card["id"]}, by=ada))["node"] == card
    assert (await client.data(NODE, {"id": card["id"]}, by=eve))["node"] is None
    for id in foreign_ids(card["id"]):
        assert (await client.data(NODE, {"id": id}, by=ada))["node"] is None


@pytest.mark.parametrize("verb", VERBS)
async def test_repeating_a_change_of_status_returns_the_same_card(client: Client, verb: str) -> None:
    ada = await client.sign_up("ada")
    id = await new_card(client, ada)
    answers = [await change_status(client, ada, verb, id) for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0]["card"]["status"], answers[0]["errors"]) == (STATUS[verb], [])
    assert await listed(client, ada) == [answers[0]["card"]]


@pytest.mark.parametrize("verb", ["freezeCard", "unfreezeCard"])
async def test_changing_a_closed_card_is_refused_with_its_status(client: Client, verb: str) -> None:
    ada = await client.sign_up("ada")
    id = await new_card(client, ada)
    await change_status(client, ada, "closeCard", id)
    refused = await change_status(client, ada, verb, id)
    assert refused == {
        "card": None,
        "errors": [
            {
                "__typename": "WrongState",
                "code": "WRONG_STATE",
                "message": "This action is not possible, because the status is closed.",
                "path": ["id"],
                "retryable": False,
                "status": "CLOSED",
                "node": {"__typename": "Card", "id": id},
            }
        ],
    }
    limited = await update(client, ada, id, monthlyLimit="1")
    assert errors_of(limited) == [("WRONG_STATE", ["input", "id"])]
    assert limited["errors"][0]["status"] == "CLOSED"


@pytest.mark.parametrize("verb", VERBS)
async def test_a_card_of_another_user_is_not_found(client: Client, verb: str) -> None:
    ada, eve = await client.sign_up("ada"), await client.sign_up("eve")
    card = (await issue(client, ada))["card"]
    attempts = [(eve, card["id"]), *((ada, id) for id in foreign_ids(card["id"]))]
    for who, id in attempts:
        assert errors_of(await change_status(client, who, verb, id)) == [("NOT_FOUND", ["id"])]
        assert errors_of(await update(client, who, id, monthlyLimit="1")) == [("NOT_FOUND", ["input", "id"])]
        assert errors_of(await pay(client, who, id, "1.00")) == [("NOT_FOUND", ["input", "cardId"])]
    assert await listed(client, ada) == [card]


async def test_an_omitted_limit_stays_and_null_removes_it(client: Client) -> None:
    ada = await client.sign_up("ada")
    id = await new_card(client, ada, perPaymentLimit="5", monthlyLimit="9")
    for fields, each, monthly in (
        ({}, "5.00", "9.00"),
        ({"perPaymentLimit": 7}, "7.00", "9.00"),
        ({"monthlyLimit": None}, "7.00", None),
        ({"perPaymentLimit": None, "monthlyLimit": "30.50"}, None, "30.50"),
    ):
        card = (await update(client, ada, id, **fields))["card"]
        assert card["perPaymentLimit"] == (each and dollars(each))
        assert card["monthlyLimit"] == (monthly and dollars(monthly))
        assert await listed(client, ada) == [card]


@pytest.mark.parametrize("field", ["perPaymentLimit", "monthlyLimit"])
async def test_an_invalid_limit_is_refused_and_changes_nothing(client: Client, field: str) -> None:
    ada = await client.sign_up("ada")
    card = (await issue(client, ada))["card"]
    for amount in ("0", "1.001"):
        assert errors_of(await update(client, ada, card["id"], **{field: amount})) == [
            ("INVALID_AMOUNT", ["input", field])
        ]
    answer = await client.post(UPDATE, {"input": {"id": card["id"], field: "-1"}}, by=ada)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert await listed(client, ada) == [card]


async def test_an_anonymous_request_can_neither_list_nor_change_cards(client: Client) -> None:
    id = await new_card(client, await client.sign_up("ada"))
    documents = [LIST, *(f'mutation {{ {verb}(id: "{id}") {{ card {{ id }} }} }}' for verb in VERBS)]
    documents.append(f'mutation {{ updateCardLimits(input: {{ id: "{id}" }}) {{ card {{ id }} }} }}')
    for document in documents:
        answer = await client.post(document)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
