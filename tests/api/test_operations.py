"""The fields under `operations`: who may use them, and what they return."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from pocketpay.api import ids
from pocketpay.identity.user import Role
from pocketpay.operations import freeze_wallet as freezing
from pocketpay.operations.audits import Audits
from tests.api.operators import (
    BEGIN_RECOVERY,
    END_SESSIONS,
    FREEZE,
    REVERSE,
    SET,
    UNFREEZE,
    VERIFY_EMAIL,
    give_role,
    operate,
    operator,
)
from tests.clients import Client, Person, serving
from tests.conftest import Dsns
from tests.payments.customers import new_key
from tests.people import Owner

AUDIT = "{ operations { audit { right laws findings { law id problem } more } } }"
FIND = (
    "query ($text: String!) { operations { customers(find: $text) { id userId username name email phone role "
    "closedAt wallet { id walletId status balance { amount } } } } }"
)
WALLET = (
    "query ($of: String!) { operations { wallet(of: $of) { id status freeze freezeReason balance { amount } "
    "held { amount } available { amount } owner { username } transactions { totalCount nodes { id transactionId "
    "type status amount { amount } refunded { amount } sender { username } recipient { username } "
    "riskReasons { rule } expiresAt } } } } }"
)
HELD = (
    "query ($first: Int, $after: String) { operations { heldPayments(first: $first, after: $after) { totalCount "
    "nodes { transactionId status sender { username } recipient { username } } "
    "pageInfo { hasNextPage endCursor } } } }"
)
UNSETTLED = "{ operations { unsettledOrders { totalCount nodes { type status bankName recipient { username } } } } }"
ACTIONS = (
    "query ($wallet: String, $last: Int, $before: String) { operations { actions(wallet: $wallet, last: $last, "
    "before: $before) { totalCount nodes { kind operator reason freeze setting { name before value } "
    "wallet { owner { username } } } pageInfo { hasPreviousPage startCursor } } } }"
)
TRANSFER = (
    "mutation ($input: TransferInput!) { transfer(input: $input) { transaction { id status } errors { code } } }"
)
DEPOSIT = "mutation ($input: DepositInput!) { deposit(input: $input) { transaction { id status } errors { code } } }"
OPERATIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (AUDIT, {}),
    (FIND, {"text": "ada"}),
    (WALLET, {"of": "ada"}),
    (HELD, {}),
    (UNSETTLED, {}),
    (ACTIONS, {}),
    ("{ operations { riskSettings { name } } }", {}),
    ('{ operations { transaction(id: "transaction_01") { id } } }', {}),
    (FREEZE, {"input": {"wallet": "ada", "freeze": "ALL", "reason": "None"}}),
    (UNFREEZE, {"input": {"wallet": "ada", "reason": "None"}}),
    (REVERSE, {"input": {"transactionId": "transaction_01", "reason": "None"}}),
    (SET, {"input": {"name": "RAPID_TRANSFER_COUNT", "value": "3", "reason": "None"}}),
    (BEGIN_RECOVERY, {"input": {"customer": "ada", "reason": "None"}}),
    (VERIFY_EMAIL, {"input": {"customer": "ada", "email": "ada@example.com", "reason": "None"}}),
    (END_SESSIONS, {"input": {"customer": "ada", "reason": "None"}}),
)


async def pay(client: Client, by: Person, to: str, amount: str) -> str:
    input = {"to": to, "amount": amount, "description": "Lunch", "idempotencyKey": new_key()}
    id: str = (await client.data(TRANSFER, {"input": input}, by=by))["transfer"]["transaction"]["id"]
    return id


@pytest.mark.parametrize(("document", "variables"), OPERATIONS, ids=[text[:60] for text, _ in OPERATIONS])
async def test_only_operators_may_use_operations(
    client: Client, owner: Owner, document: str, variables: dict[str, Any]
) -> None:
    ada = await client.sign_up("ada", raw_email="ada@example.com")
    for by, code in ((None, "UNAUTHENTICATED"), (ada, "FORBIDDEN")):
        answer = await client.post(document, variables, by=by)
        assert answer["data"] == {"operations": None}
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert await owner.fetchval("select count(*) from operator_actions") == 0
    assert await owner.fetchval("select count(*) from risk_settings") == 0
    assert await owner.fetchval("select count(*) from wallets where status <> 'active'") == 0
    assert await owner.fetchval("select count(*) from users where email_verified_at is not null") == 0
    assert await owner.fetchval("select count(*) from outgoing_mails") == 0
    assert await owner.fetchval("select count(*) from sessions where revoked_at is not null") == 0


async def test_a_change_of_role_applies_from_the_next_request(client: Client) -> None:
    ada = await client.sign_up("ada")
    document = "{ operations { riskSettings { name } } }"
    for role in (Role.OPERATOR, Role.MEMBER, Role.OPERATOR):
        await give_role(client.services.database, "ada", role)
        answer = await client.post(document, by=ada)
        assert ("errors" in answer) is (role is Role.MEMBER)
        assert (await client.data("{ viewer { role } }", by=ada))["viewer"]["role"] == role.name


async def test_a_customer_is_found_by_username_email_phone_or_id(client: Client, owner: Owner) -> None:
    olga = await operator(client)
    ada = await client.sign_up("ada", raw_email="ada@example.com", raw_phone="+12025550123")
    await client.sign_up("bea")
    held = await pay(client, ada, "bea", "10.00")
    wallet_id = (await client.data("{ wallet { id } }", by=ada))["wallet"]["id"]
    user_id = (await client.data("{ viewer { id } }", by=ada))["viewer"]["id"]
    by_id = (wallet_id, f"customer_{wallet_id}", user_id, user_id.replace("user_", "customer_"), f" {user_id}\n")
    texts = ("ada", "@ADA", "ADA@example.com", "+1 202 555-0123", *by_id)
    for text in texts:
        (found,) = await operate(client, olga, FIND, text=text)
        assert (found["username"], found["email"], found["phone"], found["role"]) == (
            "ada",
            "ada@example.com",
            "+12025550123",
            "MEMBER",
        )
        assert found["wallet"] == {
            "id": f"customer_{wallet_id}",
            "walletId": wallet_id,
            "status": "ACTIVE",
            "balance": {"amount": "100.00"},
        }
    for text in (held, f"customer_{held}"):
        assert [one["username"] for one in await operate(client, olga, FIND, text=text)] == ["ada", "bea"]
    for text in ("", "ad", "nobody", "wallet_01", f"{wallet_id}x", "%", "a\0b", "x" * 5_000):
        assert await operate(client, olga, FIND, text=text) == []


async def test_an_operator_sees_a_wallets_status_balance_and_transactions(client: Client) -> None:
    olga, ada, bea = await operator(client), await client.sign_up("ada"), await client.sign_up("bea")
    held = await pay(client, ada, "bea", "10.00")
    input = {"wallet": "ada", "freeze": "DEBITS", "reason": "Stolen phone"}
    payload = await operate(client, olga, FREEZE, input=input)
    assert payload["errors"] == []
    shown = await operate(client, olga, WALLET, of="@ada")
    assert (shown["status"], shown["freeze"], shown["freezeReason"]) == ("FROZEN", "DEBITS", "Stolen phone")
    money = [shown[name]["amount"] for name in ("balance", "held", "available")]
    assert money == ["100.00", "10.00", "90.00"]
    newest, bonus = shown["transactions"]["nodes"]
    assert (newest["id"], newest["transactionId"]) == (f"customer_{held}", held)
    assert newest["status"] == "PENDING_CONFIRMATION"
    assert (newest["sender"], newest["recipient"]) == ({"username": "ada"}, {"username": "bea"})
    assert [reason["rule"] for reason in newest["riskReasons"]] == ["NEW_RECIPIENT"]
    assert bonus["type"] == "BONUS"
    seen = "query ($id: ID!) { operations { transaction(id: $id) { id amount { amount } expiresAt } } }"
    for id in (held, f"customer_{held}"):
        assert (await operate(client, olga, seen, id=id))["expiresAt"] is not None
    assert await operate(client, olga, seen, id=f"customer_wallet_{held.partition('_')[2]}") is None
    assert await operate(client, olga, seen, id="transaction_01") is None
    (listed,) = (await operate(client, olga, WALLET, of=bea.username))["transactions"]["nodes"]
    assert listed["type"] == "BONUS", "a held payment is only in the sender's list"
    house = next(iter(client.services.desk.clearing.house.kinds))
    for nobody in ("nobody", "wallet_01", ids.encode(ids.WALLET, house)):
        assert await operate(client, olga, WALLET, of=nobody) is None


async def test_held_payments_are_listed_in_pages(client: Client) -> None:
    olga, ada, bea = await operator(client), await client.sign_up("ada"), await client.sign_up("bea")
    waiting = [await pay(client, ada, "bea", f"{n}.00") for n in range(1, 4)]
    waiting.append(await pay(client, bea, "ada", "1.00"))
    first = await operate(client, olga, HELD, first=3)
    assert [one["transactionId"] for one in first["nodes"]] == waiting[:3]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (4, True)
    rest = await operate(client, olga, HELD, first=3, after=first["pageInfo"]["endCursor"])
    assert [one["transactionId"] for one in rest["nodes"]] == waiting[3:]
    assert rest["nodes"][0]["sender"] == {"username": "bea"}
    assert not rest["pageInfo"]["hasNextPage"]


async def test_an_order_that_the_bank_has_not_answered_is_listed_as_unsettled(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, simulated_bank="silent") as client:
        olga, ada = await operator(client), await client.sign_up("ada")
        input = {"amount": "5.00", "bankName": "First Bank", "idempotencyKey": new_key()}
        await client.data(DEPOSIT, {"input": input}, by=ada)
        order = {"type": "DEPOSIT", "status": "CREATED", "bankName": "First Bank", "recipient": {"username": "ada"}}
        assert await operate(client, olga, UNSETTLED) == {"totalCount": 1, "nodes": [order]}


async def test_every_action_is_recorded_with_its_operator_and_reason(client: Client) -> None:
    olga, _ = await operator(client), await client.sign_up("ada")
    await operate(client, olga, FREEZE, input={"wallet": "ada", "freeze": "ALL", "reason": "Stolen phone"})
    await operate(client, olga, UNFREEZE, input={"wallet": "ada", "reason": "Phone found"})
    await operate(client, olga, SET, input={"name": "RAPID_TRANSFER_COUNT", "value": "3", "reason": "Quiet night"})
    recorded = await operate(client, olga, ACTIONS)
    assert [(one["kind"], one["operator"], one["reason"], one["freeze"]) for one in recorded["nodes"]] == [
        ("SET_RISK", "olga", "Quiet night", None),
        ("UNFREEZE", "olga", "Phone found", None),
        ("FREEZE", "olga", "Stolen phone", "ALL"),
        ("GRANT_ROLE", "root", "Joins the team", None),
    ]
    assert recorded["nodes"][0]["setting"] == {"name": "RAPID_TRANSFER_COUNT", "before": None, "value": "3"}
    assert [(one["wallet"] or {}).get("owner") for one in recorded["nodes"]] == [
        None,
        {"username": "ada"},
        {"username": "ada"},
        {"username": "olga"},
    ]
    about = await operate(client, olga, ACTIONS, wallet="ada", last=1)
    assert (about["totalCount"], [one["kind"] for one in about["nodes"]]) == (2, ["FREEZE"])
    cursor = about["pageInfo"]["startCursor"]
    before = await operate(client, olga, ACTIONS, wallet="ada", last=1, before=cursor)
    assert [one["kind"] for one in before["nodes"]] == ["UNFREEZE"]
    assert (await operate(client, olga, ACTIONS, wallet="nobody"))["nodes"] == []


async def test_an_action_on_an_unknown_risk_setting_is_listed_without_the_setting(
    client: Client, owner: Owner
) -> None:
    olga = await operator(client)
    await owner.execute(
        "insert into operator_actions (id, operator, action, reason, facts, created_at) select gen_random_uuid(), "
        "'root', 'set_risk', 'A wave of fraud', $1, clock_timestamp()",
        '{"name": "of_tomorrow_action", "value": "block", "before": null}',
    )
    newest = (await operate(client, olga, ACTIONS))["nodes"][0]
    assert (newest["kind"], newest["reason"], newest["setting"]) == ("SET_RISK", "A wave of fraud", None)


async def test_an_action_that_only_a_newer_server_knows_is_listed_as_other(client: Client, owner: Owner) -> None:
    olga = await operator(client)
    await owner.execute(
        "insert into operator_actions (id, operator, action, reason, facts, created_at) select gen_random_uuid(), "
        "'root', 'of_tomorrow', 'A new rule', '{\"moon\": \"full\"}', clock_timestamp()"
    )
    newest = (await operate(client, olga, ACTIONS))["nodes"][0]
    assert (newest["kind"], newest["operator"], newest["reason"]) == ("OTHER", "root", "A new rule")


async def test_an_audit_reports_whether_the_books_are_right(client: Client, owner: Owner) -> None:
    olga = await operator(client)
    audited = await operate(client, olga, AUDIT)
    assert (audited["right"], audited["findings"], audited["more"]) == (True, [], False)
    wallet_id = await owner.fetchval("update ledger_accounts set posted = 7 where kind = 'wallet' returning id::text")
    audited = await operate(client, olga, AUDIT)
    assert not audited["right"]
    assert [one["id"] for one in audited["findings"]] == [wallet_id]


async def test_only_one_audit_runs_at_a_time(client: Client) -> None:
    olga = await operator(client)
    twice = "{ operations { a: audit { right } b: audit { right } } }"
    answer = await client.post(twice, by=olga)
    audits = answer["data"]["operations"]
    (refused,) = (name for name, report in audits.items() if report is None)  # either can be the first one
    assert audits == {"a": {"right": True}, "b": {"right": True}, refused: None}
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("SERVICE_BUSY", ["operations", refused])
    assert (await operate(client, olga, AUDIT))["right"]


async def test_a_slow_audit_is_stopped_and_the_next_one_can_run(client: Client) -> None:
    olga = await operator(client)
    usual = client.services.operators.audits
    usual._seconds, whole = 0.001, usual._seconds
    answer = await client.post(AUDIT, by=olga)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SERVICE_BUSY"]
    usual._seconds = whole
    assert (await operate(client, olga, AUDIT))["right"]


async def test_the_report_for_a_large_ledger_is_the_last_recorded_audit(client: Client, owner: Owner) -> None:
    olga = await operator(client)
    document = AUDIT.replace("more", "more laws seconds kind finishedAt wholeAt login")
    live = "{ operations { audit { right kind login } } }"
    client.services.operators.audits._live_bytes = 0
    assert (await operate(client, olga, live))["kind"] == "LIVE"  # none is recorded yet
    await owner.execute(
        "insert into audit_runs values (gen_random_uuid(), 'incremental', false, 101, "
        "'[[\"law 1\", \"17\", \"is wrong\"]]', 40, '2026-01-02T00:00Z', '2026-01-02T00:00:30Z', "
        "'2026-01-01T00:00Z', '0029', 'auditor')"
    )
    assert await operate(client, olga, document) == {
        "right": False,
        "laws": 40,
        "findings": [{"law": "law 1", "id": "17", "problem": "is wrong"}],
        "more": True,
        "seconds": 30.0,
        "kind": "INCREMENTAL",
        "finishedAt": "2026-01-02T00:00:30.000000Z",
        "wholeAt": "2026-01-01T00:00:00.000000Z",
        "login": "auditor",
    }
    client.services.operators.audits._live_bytes = 10**9
    assert await operate(client, olga, live) == {"right": True, "kind": "LIVE", "login": None}


async def test_an_audit_returns_a_bounded_number_of_findings(client: Client, owner: Owner) -> None:
    for name in ("ada", "bea", "cid"):
        await client.sign_up(name)
    await owner.execute("update ledger_accounts set posted = 7 where kind = 'wallet'")
    report = await Audits(client.services.database.dsn, max_findings=2).run()
    assert (len(report.findings), report.more) == (2, True)
    report = await Audits(client.services.database.dsn, max_findings=3).run()
    assert (len(report.findings), report.more) == (3, False)


@pytest.mark.parametrize(
    ("wallet", "reason", "code", "path"),
    [
        ("nobody", "Why", "NOT_FOUND", ["input", "wallet"]),
        ("wallet_01", "Why", "NOT_FOUND", ["input", "wallet"]),
        ("user_01h455vb4pex5vsknk084sn02q", "Why", "NOT_FOUND", ["input", "wallet"]),
        ("ada", " ", "INVALID_INPUT", ["input", "reason"]),
        ("ada", "x" * 501, "INVALID_INPUT", ["input", "reason"]),
    ],
)
async def test_a_refused_action_names_the_input_and_changes_nothing(
    client: Client, owner: Owner, wallet: str, reason: str, code: str, path: list[str]
) -> None:
    olga, _ = await operator(client), await client.sign_up("ada")
    for document, more in ((FREEZE, {"freeze": "ALL"}), (UNFREEZE, {})):
        payload = await operate(client, olga, document, input={"wallet": wallet, "reason": reason, **more})
        assert payload["wallet"] is None
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)]
    assert await owner.fetchval("select count(*) from operator_actions where action <> 'grant_role'") == 0
    assert await owner.fetchval("select count(*) from wallets where status <> 'active'") == 0


async def test_both_sides_see_a_reversed_payment(client: Client) -> None:
    olga, ada, bea = await operator(client), await client.sign_up("ada"), await client.sign_up("bea")
    await operate(client, olga, SET, input={"name": "NEW_RECIPIENT_ACTION", "value": "off", "reason": "A test"})
    paid = await pay(client, ada, "bea", "40.00")
    input = {"transactionId": paid, "reason": "Account taken over"}
    payload = await operate(client, olga, REVERSE, input=input)
    assert payload == {
        "transaction": {
            "type": "REFUND",
            "status": "COMPLETED",
            "amount": {"amount": "40.00"},
            "refundOf": {"id": f"customer_{paid}", "refunded": {"amount": "40.00"}},
            "sender": {"username": "bea"},
            "recipient": {"username": "ada"},
            "description": "Reversed by Pocket Pay",
        },
        "errors": [],
    }
    seen = "{ wallet { balance { amount } } transactions(first: 1) { nodes { type direction description } } }"
    for person, direction in ((ada, "INCOMING"), (bea, "OUTGOING")):
        shown = await client.data(seen, by=person)
        assert shown["wallet"] == {"balance": {"amount": "100.00"}}
        assert shown["transactions"]["nodes"] == [
            {"type": "REFUND", "direction": direction, "description": "Reversed by Pocket Pay"}
        ]
    again = await operate(client, olga, REVERSE, input=input)
    assert again["transaction"] is None
    assert [(error["code"], error["path"]) for error in again["errors"]] == [
        ("ALREADY_REFUNDED", ["input", "transactionId"])
    ]
    (act, *_) = (await operate(client, olga, ACTIONS))["nodes"]
    assert (act["kind"], act["operator"], act["reason"]) == ("REVERSE", "olga", "Account taken over")


SEEN_BY_OWNER = "{ viewer { id wallet { id transactions { nodes { id sender { id } recipient { id } } } } } }"
SEEN_BY_OPERATOR = """query ($text: String!) { operations { customers(find: $text) {
  id wallet { id owner { id } transactions { nodes { id sender { id } recipient { id } } } } } } }"""


def all_ids(answer: Any) -> Iterator[str]:
    """Every id in an answer."""
    if isinstance(answer, dict):
        yield from ([answer["id"]] if "id" in answer else [])
        answer = [*answer.values()]
    if isinstance(answer, list):
        for one in answer:
            yield from all_ids(one)


async def test_operators_and_owners_see_different_ids_for_the_same_objects(client: Client) -> None:
    """So a cache that stores objects by id never mixes what an operator sees with what the owner sees."""
    olga = await operator(client)
    await client.sign_up("bea")
    await pay(client, olga, "bea", "10.00")
    own = set(all_ids(await client.data(SEEN_BY_OWNER, by=olga)))
    overseen = set(all_ids(await operate(client, olga, SEEN_BY_OPERATOR, text="olga")))
    assert len(own) > 3
    assert len(overseen) > 3
    assert own.isdisjoint(overseen)
    assert {id.rpartition("_")[2] for id in overseen} & {id.rpartition("_")[2] for id in own}, (
        "both see ids with the same suffixes"
    )
    node = "query ($id: ID!) { node(id: $id) { __typename id } }"
    for id in own:
        assert (await client.data(node, {"id": id}, by=olga))["node"]["id"] == id


async def test_an_operator_can_name_a_wallet_by_any_id_of_the_wallet_or_its_owner(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    known = (await client.data("{ viewer { id wallet { id } } }", by=ada))["viewer"]
    customer_id, wallet_id = known["id"].replace("user_", "customer_"), known["wallet"]["id"]
    for of in (known["id"], customer_id, wallet_id, f"customer_{wallet_id}"):
        input = {"wallet": of, "freeze": "DEBITS", "reason": "A test"}
        assert (await operate(client, olga, FREEZE, input=input))["errors"] == []
        assert (await operate(client, olga, WALLET, of=of))["freeze"] == "DEBITS"
        assert (await operate(client, olga, UNFREEZE, input={"wallet": of, "reason": "A test"}))["errors"] == []
        (last, *_) = (await operate(client, olga, ACTIONS, wallet=of))["nodes"]
        assert (last["kind"], last["wallet"]["owner"]["username"]) == ("UNFREEZE", "ada")


async def test_a_transaction_can_be_reversed_by_the_id_that_operators_see(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    await client.sign_up("bea")
    await operate(client, olga, SET, input={"name": "NEW_RECIPIENT_ACTION", "value": "off", "reason": "A test"})
    paid = await pay(client, ada, "bea", "40.00")
    key, ids_ = new_key(), (f"customer_{paid}", paid)
    done, again = [
        await operate(client, olga, REVERSE, input={"transactionId": id, "reason": "Why", "idempotencyKey": key})
        for id in ids_
    ]
    assert done["errors"] == again["errors"] == []
    assert done["transaction"] == again["transaction"]


async def test_a_refused_reversal_has_the_path_of_the_transaction_id(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    await client.sign_up("bea")
    held = await pay(client, ada, "bea", "1.00")
    for id, code in (
        ("transaction_01", "NOT_FOUND"),
        ("wallet_01", "NOT_FOUND"),
        ("", "NOT_FOUND"),
        (held, "WRONG_STATE"),
    ):
        payload = await operate(client, olga, REVERSE, input={"transactionId": id, "reason": "Why"})
        assert payload["transaction"] is None
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, ["input", "transactionId"])]
        assert [error.get("node") for error in payload["errors"]] == [None]


async def test_an_operators_mutations_run_one_after_another_in_document_order(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The freeze is made slow here: the mutations after it still wait for it."""
    freeze_wallet = freezing.freeze_wallet

    async def slow_freeze(*given: Any, **named: Any) -> Any:
        await asyncio.sleep(0.05)
        return await freeze_wallet(*given, **named)

    monkeypatch.setattr(freezing, "freeze_wallet", slow_freeze)
    olga = await operator(client)
    await client.sign_up("ada")
    found = "wallet { freeze } errors { code }"
    freeze = f'freezeWallet(input: {{wallet: "ada", freeze: DEBITS, reason: "Asked to"}}) {{ {found} }}'
    unfreeze = f'unfreezeWallet(input: {{wallet: "ada", reason: "Asked to"}}) {{ {found} }}'
    document = f"mutation {{ operations {{ a: {freeze} b: {unfreeze} c: {freeze} ...rest }} }} "
    document += f"fragment rest on OperationsMutations {{ d: {unfreeze} e: {freeze} }}"
    for _ in range(2):
        results = (await client.data(document, by=olga))["operations"]
        assert [results[name]["errors"] for name in "abcde"] == [[]] * 5
        assert [results[name]["wallet"]["freeze"] for name in "abcde"] == ["DEBITS", None, "DEBITS", None, "DEBITS"]
    acts = (await client.data("{ operations { actions { nodes { kind } } } }", by=olga))["operations"]["actions"]
    kinds = [act["kind"] for act in reversed(acts["nodes"])]
    assert kinds[-9:] == ["FREEZE", "UNFREEZE"] * 2 + ["FREEZE"] + ["UNFREEZE", "FREEZE"] * 2
