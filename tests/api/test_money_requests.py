"""Queries and mutations about money requests: what each side sees, and what it must not see."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import uuid_utils.compat as uuids

from pocketpay.api import ids
from tests.api.money_requests import (
    ASK,
    CANCEL,
    CONFIRM,
    DECLINE,
    LIST,
    PAY,
    SPLIT,
    cancel,
    decline,
    find_request,
    list_requests,
    new_request,
    pay,
    request_money,
    split,
)
from tests.clients import Client, Person
from tests.payments.customers import new_key


@pytest.fixture
async def ada(client: Client) -> Person:
    """A new user, with a welcome bonus of 100.00."""
    return await client.sign_up("ada")


@pytest.fixture
async def bob(client: Client) -> Person:
    return await client.sign_up("bob")


def codes(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["errors"]]


async def test_a_money_request_is_paid_when_its_held_payment_is_confirmed(
    client: Client, ada: Person, bob: Person
) -> None:
    made = (await request_money(client, ada, "@bob"))["moneyRequest"]
    assert (made["direction"], made["status"], made["transaction"]) == ("OUTGOING", "PENDING", None)
    assert (made["requester"], made["payer"]) == ({"username": "ada"}, {"username": "bob"})
    assert (made["amount"], made["description"]) == ({"amount": "12.50", "currency": "USD"}, "Lunch")
    life = datetime.fromisoformat(made["expiresAt"]) - datetime.fromisoformat(made["createdAt"])
    assert (life, made["updatedAt"]) == (timedelta(days=30), made["createdAt"])
    theirs = await find_request(client, bob, made["id"])
    assert theirs == made | {"__typename": "MoneyRequest", "direction": "INCOMING"}
    held = await pay(client, bob, made["id"])
    assert (held["errors"], held["replayed"]) == ([], False)
    payment = held["transaction"]
    assert (payment["type"], payment["direction"], payment["status"]) == (
        "REQUEST",
        "OUTGOING",
        "PENDING_CONFIRMATION",
    )
    assert payment["moneyRequest"]["status"] == "PENDING"
    assert payment["moneyRequest"]["transaction"]["id"] == payment["id"]
    confirmed = (await client.data(CONFIRM, {"id": payment["id"]}, by=bob))["confirmTransfer"]
    assert confirmed == {"transaction": {"status": "COMPLETED"}, "errors": []}
    for side, direction in ((ada, "INCOMING"), (bob, "OUTGOING")):
        paid = await find_request(client, side, made["id"])
        assert paid["status"] == "PAID"
        assert (paid["transaction"]["id"], paid["transaction"]["direction"]) == (payment["id"], direction)


async def test_the_requester_sees_no_payment_until_it_is_completed(client: Client, ada: Person, bob: Person) -> None:
    """A held, failed or cancelled payment changes nothing in any answer about the request."""
    id, expensive = await new_request(client, ada, "bob"), await new_request(client, ada, "bob", "100.01")
    before = (
        await find_request(client, ada, id),
        await find_request(client, ada, expensive),
        await list_requests(client, ada),
    )
    held = (await pay(client, bob, id))["transaction"]
    failed = await pay(client, bob, expensive)
    assert codes(failed) == [("INSUFFICIENT_FUNDS", ["input", "id"])]
    assert (
        await find_request(client, ada, id),
        await find_request(client, ada, expensive),
        await list_requests(client, ada),
    ) == before
    assert (await find_request(client, bob, id))["transaction"]["status"] == "PENDING_CONFIRMATION"
    assert (await find_request(client, bob, expensive))["transaction"]["status"] == "FAILED"
    for payment in (held["id"], failed["transaction"]["id"]):
        assert await find_request(client, ada, payment) is None
    payload = await cancel(client, ada, id)
    assert payload["moneyRequest"]["transaction"] is None
    assert (await find_request(client, bob, id))["transaction"]["status"] == "CANCELLED"
    assert (await find_request(client, ada, id))["transaction"] is None


async def test_the_payer_sees_the_latest_payment_of_a_request(client: Client, ada: Person, bob: Person) -> None:
    id = await new_request(client, ada, "bob")
    first = (await pay(client, bob, id))["transaction"]["id"]
    await client.data("mutation ($id: ID!) { cancelTransfer(id: $id) { errors { code } } }", {"id": first}, by=bob)
    second = (await pay(client, bob, id))["transaction"]["id"]
    assert (await find_request(client, bob, id))["transaction"]["id"] == second != first


async def test_a_declined_or_cancelled_request_is_final(client: Client, ada: Person, bob: Person) -> None:
    for verb, by, status in ((decline, bob, "DECLINED"), (cancel, ada, "CANCELLED")):
        id = await new_request(client, ada, "bob")
        for replayed in (False, True):
            payload = await verb(client, by, id)
            assert (payload["moneyRequest"]["status"], payload["replayed"], payload["errors"]) == (
                status,
                replayed,
                [],
            )
        payload = await pay(client, bob, id)
        assert codes(payload) == [("WRONG_STATE", ["input", "id"])]
        assert (payload["errors"][0]["status"], payload["transaction"]) == (status, None)
        assert payload["errors"][0]["node"] == {"__typename": "MoneyRequest", "id": id}
        other = cancel if verb is decline else decline
        payload = await other(client, ada if by is bob else bob, id)
        assert codes(payload) == [("WRONG_STATE", ["id"])]
        assert payload["errors"][0]["status"] == status


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"amount": "0"}, "INVALID_AMOUNT", ["input", "amount"]),
        ({"description": ""}, "INVALID_INPUT", ["input", "description"]),
        ({"idempotencyKey": "short"}, "INVALID_INPUT", ["input", "idempotencyKey"]),
        ({"from": "nobody_at_all"}, "RECIPIENT_NOT_FOUND", ["input", "from"]),
        ({"from": "not a name"}, "RECIPIENT_NOT_FOUND", ["input", "from"]),
        ({"from": "ada"}, "SELF_TRANSFER", ["input", "from"]),
    ],
)
async def test_a_refused_money_request_has_a_code_and_a_path(
    client: Client, ada: Person, bob: Person, fields: dict[str, str], code: str, path: list[str]
) -> None:
    payload = await request_money(client, ada, "bob", **fields)
    assert (codes(payload), payload["moneyRequest"], payload["replayed"]) == ([(code, path)], None, False)


async def test_too_many_open_requests_to_one_payer_are_rate_limited(client: Client, ada: Person, bob: Person) -> None:
    for _ in range(5):
        await new_request(client, ada, "bob")
    (error,) = (await request_money(client, ada, "bob"))["errors"]
    assert error == {
        "__typename": "RateLimited",
        "code": "RATE_LIMITED",
        "message": "@bob already has 5 unanswered requests from you. Try again when some are answered.",
        "path": ["input", "from"],
        "retryable": True,
        "retryAfterSeconds": None,
    }


async def test_repeating_a_request_with_its_key_returns_the_same_request(
    client: Client, ada: Person, bob: Person
) -> None:
    key = new_key()
    first = await request_money(client, ada, "bob", idempotencyKey=key)
    again = await request_money(client, ada, "@BOB", "12.50", idempotencyKey=key)
    assert again == first | {"replayed": True}
    payload = await request_money(client, ada, "bob", "12.51", idempotencyKey=key)
    assert codes(payload) == [("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])]


async def test_the_shares_of_a_bill_add_up_to_its_total(client: Client, ada: Person, bob: Person) -> None:
    await client.sign_up("cyd")
    payload = await split(client, ada, ["cyd", "@bob"], "10.00")
    assert [(one["payer"]["username"], one["amount"]["amount"]) for one in payload["moneyRequests"]] == [
        ("cyd", "3.34"),
        ("bob", "3.33"),
    ]
    assert (payload["myShare"], payload["errors"], payload["replayed"]) == ({"amount": "3.33"}, [], False)
    payload = await split(client, ada, ["cyd", "bob"], "10.01", includeMe=False)
    assert ([one["amount"]["amount"] for one in payload["moneyRequests"]], payload["myShare"]) == (
        ["5.01", "5.00"],
        None,
    )


@pytest.mark.parametrize(
    ("among", "total", "code", "field"),
    [
        (["bob"], "0", "INVALID_AMOUNT", "total"),
        (["bob"], "0.01", "INVALID_AMOUNT", "total"),
        ([], "1", "INVALID_INPUT", "among"),
        (["bob", "BOB"], "1", "INVALID_INPUT", "among"),
        (["bob", "ada"], "1", "INVALID_INPUT", "among"),
        (["bob", "nobody_at_all"], "1", "RECIPIENT_NOT_FOUND", "among"),
    ],
)
async def test_a_refused_split_has_a_code_and_a_path(
    client: Client, ada: Person, bob: Person, among: list[str], total: str, code: str, field: str
) -> None:
    payload = await split(client, ada, among, total)
    assert codes(payload) == [(code, ["input", field])]
    assert (payload["moneyRequests"], payload["myShare"], payload["replayed"]) == ([], None, False)
    assert (await list_requests(client, bob))["totalCount"] == 0


async def test_the_error_names_the_user_who_cannot_be_asked(client: Client, ada: Person, bob: Person) -> None:
    (error,) = (await split(client, ada, ["bob", "@Nobody_At_All"], "10.00"))["errors"]
    assert error["message"] == "@nobody_at_all cannot be asked for money now."


async def test_unknown_ids_and_other_users_requests_are_not_found(client: Client, ada: Person, bob: Person) -> None:
    eve = await client.sign_up("eve")
    id = await new_request(client, ada, "bob")
    strange = [ids.encode(ids.REQUEST, uuids.uuid7()), id.replace("request", "transaction"), "request_", ""]
    for who, tried in ((eve, [id, *strange]), (ada, strange), (bob, strange)):
        for one in tried:
            assert codes(await pay(client, who, one)) == [("NOT_FOUND", ["input", "id"])]
            assert codes(await decline(client, who, one)) == [("NOT_FOUND", ["id"])]
            assert codes(await cancel(client, who, one)) == [("NOT_FOUND", ["id"])]
            assert await find_request(client, who, one) is None
    assert codes(await pay(client, ada, id)) == [("NOT_FOUND", ["input", "id"])]
    assert codes(await decline(client, ada, id)) == [("NOT_FOUND", ["id"])]
    assert codes(await cancel(client, bob, id)) == [("NOT_FOUND", ["id"])]
    assert codes(await pay(client, bob, id, idempotencyKey="short")) == [
        ("INVALID_INPUT", ["input", "idempotencyKey"])
    ]


async def test_money_requests_can_be_paged_and_filtered_by_direction_and_status(
    client: Client, ada: Person, bob: Person
) -> None:
    out = [await new_request(client, ada, "bob", f"{n}.00") for n in range(1, 5)]
    into = [await new_request(client, bob, "ada", f"{n}.00") for n in range(1, 4)]
    await decline(client, bob, out[0])
    newest = [*reversed(into), *reversed(out)]
    whole = await list_requests(client, ada)
    assert ([one["id"] for one in whole["nodes"]], whole["totalCount"]) == (newest, 7)
    assert whole["pageInfo"] | {"startCursor": 0, "endCursor": 0} == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": 0,
        "endCursor": 0,
    }
    first = await list_requests(client, ada, first=3)
    rest = await list_requests(client, ada, first=10, after=first["pageInfo"]["endCursor"])
    assert [one["node"]["id"] for one in (*first["edges"], *rest["edges"])] == newest
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    last = await list_requests(client, ada, last=2)
    before = await list_requests(client, ada, last=2, before=last["pageInfo"]["startCursor"])
    assert [one["id"] for one in (*before["nodes"], *last["nodes"])] == newest[-4:]
    for fields, expected in (
        ({"direction": "OUTGOING"}, out[::-1]),
        ({"direction": "INCOMING"}, into[::-1]),
        ({"statuses": ["DECLINED", "PAID"]}, out[:1]),
        ({"direction": "OUTGOING", "statuses": ["PENDING"]}, out[:0:-1]),
        ({"direction": "INCOMING", "statuses": ["DECLINED"]}, []),
        ({"statuses": []}, []),
    ):
        page = await list_requests(client, ada, **fields)
        assert ([one["id"] for one in page["nodes"]], page["totalCount"]) == (expected, len(expected)), fields


async def test_a_foreign_cursor_and_invalid_page_arguments_are_refused(
    client: Client, ada: Person, bob: Person
) -> None:
    await new_request(client, ada, "bob")
    cursor = (await list_requests(client, ada))["pageInfo"]["endCursor"]
    for by, fields in (
        (bob, {"after": cursor}),
        (ada, {"after": "nonsense"}),
        (ada, {"first": 101}),
        (ada, {"first": 1, "last": 1}),
    ):
        answer = await client.post(LIST, fields, by=by)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"], fields


async def test_an_anonymous_request_can_neither_request_pay_nor_list(client: Client) -> None:
    key = new_key()
    for document, variables in (
        (ASK, {"input": {"from": "bob", "amount": "1", "description": "x", "idempotencyKey": key}}),
        (SPLIT, {"input": {"among": ["bob"], "total": "1", "description": "x", "idempotencyKey": key}}),
        (PAY, {"input": {"id": "x", "idempotencyKey": key}}),
        (DECLINE, {"id": "x"}),
        (CANCEL, {"id": "x"}),
        (LIST, {}),
    ):
        answer = await client.post(document, variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
