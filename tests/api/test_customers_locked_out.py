"""How operators help customers who are locked out, through GraphQL."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.operators import BEGIN_RECOVERY, END_SESSIONS, FREEZE, VERIFY_EMAIL, operate, operator
from tests.api.token_client import SIGN_IN
from tests.clients import PASSWORD, Client, Person, listening, serving
from tests.conftest import Dsns
from tests.identity.mailbox import last, mailbox
from tests.payments.customers import new_key
from tests.people import Owner, has_verified_email
from tests.serving.socket_client import socket

MAIL, NEW = "ada@example.com", "amber-lighthouse-42"
WHY = "Lost her telephone"
SEEN = (
    "query ($text: String!, $first: Int, $after: String) { operations { customers(find: $text) { emailVerified "
    "sessions { id sessionId createdAt lastUsedAt expiresAt userAgent } "
    "wallet { transactions(first: $first, after: $after) { totalCount "
    "nodes { type amount { amount } } pageInfo { hasNextPage endCursor } } } } } }"
)
ACTIONS = "{ operations { actions { nodes { kind operator reason endedSessions wallet { owner { username } } } } } }"
RESET = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { errors { code } } }"


@pytest.fixture
async def client(warm: None, database_dsn: Dsns) -> AsyncIterator[Client]:
    async with serving(database_dsn.server, public_url="https://app.example.com") as one:
        yield one


async def sign_up_ada(client: Client) -> Person:
    """Signs up Ada with a verified email address."""
    ada = await client.sign_up("ada", raw_email=MAIL)
    await has_verified_email(client.services.database)
    return ada


def refusals(payload: Any) -> list[tuple[str, list[str]]]:
    assert payload["customer"] is None
    return [(error["code"], error["path"]) for error in payload["errors"]]


@pytest.mark.parametrize("way", ["code", "token"])
async def test_a_customer_recovers_by_mail_and_the_operator_sees_no_code(
    client: Client, owner: Owner, way: str
) -> None:
    olga = await operator(client)
    await sign_up_ada(client)
    answer = await client.post(BEGIN_RECOVERY, {"input": {"customer": "@ADA", "reason": WHY}}, by=olga)
    payload = answer["data"]["operations"]["beginRecovery"]
    assert (payload["customer"]["username"], payload["errors"]) == ("ada", [])
    mail = await last(client.services.identity, owner)
    assert mail.to == MAIL
    answer_text = str(answer)
    for secret in (mail.code, mail.code.replace(" ", ""), mail.token):
        assert secret
        assert secret not in answer_text
    shown = {"login": "ada", "code": mail.code} if way == "code" else {"token": mail.token}
    reset = await client.data(RESET, {"input": {**shown, "newPassword": NEW}})
    assert reset == {"resetPassword": {"errors": []}}
    signed_in = await client.data(SIGN_IN, {"input": {"login": "ada", "password": NEW}})
    assert signed_in["signIn"]["errors"] == []


@pytest.mark.parametrize("document", [BEGIN_RECOVERY, VERIFY_EMAIL, END_SESSIONS], ids=["begin", "verify", "end"])
@pytest.mark.parametrize(
    ("customer", "reason", "refused"),
    [
        ("nobody", WHY, ("NOT_FOUND", ["input", "customer"])),
        (MAIL, WHY, ("NOT_FOUND", ["input", "customer"])),
        ("wallet_01", WHY, ("NOT_FOUND", ["input", "customer"])),
        ("ada", " ", ("INVALID_INPUT", ["input", "reason"])),
        ("olga", WHY, ("FORBIDDEN", ["input", "customer"])),
    ],
)
async def test_a_refused_action_names_the_input_and_records_nothing(
    client: Client, owner: Owner, document: str, customer: str, reason: str, refused: tuple[str, list[str]]
) -> None:
    olga = await operator(client)
    await sign_up_ada(client)
    email = {"email": MAIL} if document is VERIFY_EMAIL else {}
    payload = await operate(client, olga, document, input={"customer": customer, "reason": reason, **email})
    assert refusals(payload) == [refused]
    assert await owner.fetchval("select count(*) from operator_actions where action <> 'grant_role'") == 0
    assert await mailbox(client.services.identity, owner) == []


async def test_a_recovery_that_cannot_begin_is_refused_with_the_reason(client: Client, owner: Owner) -> None:
    olga = await operator(client)
    await client.sign_up("ada", raw_email=MAIL)
    input = {"customer": "ada", "reason": WHY}
    unverified = await operate(client, olga, BEGIN_RECOVERY, input=input)
    assert refusals(unverified) == [("EMAIL_NOT_VERIFIED", ["input", "customer"])]
    await operate(client, olga, VERIFY_EMAIL, input={**input, "email": MAIL})
    for _ in range(2):
        assert (await operate(client, olga, BEGIN_RECOVERY, input=input))["errors"] == []
    third = await operate(client, olga, BEGIN_RECOVERY, input=input)
    assert refusals(third) == [("RATE_LIMITED", [])]
    assert third["errors"][0]["retryable"]
    await operate(client, olga, FREEZE, input={"wallet": "ada", "freeze": "ALL", "reason": WHY})
    frozen = await operate(client, olga, BEGIN_RECOVERY, input=input)
    assert refusals(frozen) == [("WALLET_FROZEN", ["input", "customer"])]
    assert frozen["errors"][0]["message"] == "The customer's wallet is frozen for all payments. Unfreeze it first."
    assert len(await mailbox(client.services.identity, owner)) == 2


async def test_a_server_without_mail_refuses_with_mail_unavailable(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, environment="production", secret_key="x" * 32) as client:
        olga = await operator(client)
        await sign_up_ada(client)
        payload = await operate(client, olga, BEGIN_RECOVERY, input={"customer": "ada", "reason": WHY})
        assert refusals(payload) == [("MAIL_UNAVAILABLE", [])]


async def test_an_operator_verifies_only_the_customers_own_address(client: Client) -> None:
    olga = await operator(client)
    await client.sign_up("ada", raw_email=MAIL)
    await client.sign_up("bea")
    input = {"customer": "ada", "email": MAIL, "reason": WHY}
    other = await operate(client, olga, VERIFY_EMAIL, input={**input, "email": "adam@example.com"})
    assert refusals(other) == [("INVALID_INPUT", ["input", "email"])]
    none = await operate(client, olga, VERIFY_EMAIL, input={**input, "customer": "bea"})
    assert refusals(none) == [("INVALID_INPUT", ["input", "customer"])]
    no_address = await operate(client, olga, VERIFY_EMAIL, input={**input, "email": "ada"})
    assert refusals(no_address) == [("INVALID_INPUT", ["input", "email"])]
    (before,) = await operate(client, olga, SEEN, text="ada")
    assert not before["emailVerified"]
    for _ in range(2):
        payload = await operate(client, olga, VERIFY_EMAIL, input=input)
        assert payload["errors"] == []
        assert payload["customer"]["emailVerified"]
    (after,) = await operate(client, olga, SEEN, text="ada")
    assert after["emailVerified"]


async def test_an_operator_sees_a_customers_sessions_and_transactions(client: Client) -> None:
    olga, ada = await operator(client), await sign_up_ada(client)
    (there,) = (await client.data("{ viewer { sessions { id } } }", by=ada))["viewer"]["sessions"]
    await client.data(SIGN_IN, {"input": {"login": "ada", "password": PASSWORD}})
    deposit = "mutation ($input: DepositInput!) { deposit(input: $input) { errors { code } } }"
    input = {"amount": "5.00", "bankName": "First Bank", "idempotencyKey": new_key()}
    await client.data(deposit, {"input": input}, by=ada)
    (found,) = await operate(client, olga, SEEN, text="ada", first=1)
    newest, first = found["sessions"]
    assert (first["id"], first["userAgent"]) == (f"customer_{there['id']}", "tests")
    assert first["sessionId"] == there["id"]
    assert newest["createdAt"] > first["createdAt"]
    assert first["createdAt"] <= first["lastUsedAt"] < first["expiresAt"]
    page = found["wallet"]["transactions"]
    assert (page["totalCount"], page["nodes"]) == (2, [{"type": "DEPOSIT", "amount": {"amount": "5.00"}}])
    assert page["pageInfo"]["hasNextPage"]
    (found,) = await operate(client, olga, SEEN, text="ada", first=1, after=page["pageInfo"]["endCursor"])
    page = found["wallet"]["transactions"]
    assert ([one["type"] for one in page["nodes"]], page["pageInfo"]["hasNextPage"]) == (["BONUS"], False)


async def test_ending_sessions_closes_the_customers_sockets_on_every_server(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as one, serving(database_dsn.server) as other:
        olga, ada, bea = await operator(one), await one.sign_up("ada"), await one.sign_up("bea")
        async with (
            listening(other) as there,
            socket(f"http://127.0.0.1:{there.port}", ada.token) as ends,
            socket(f"http://127.0.0.1:{there.port}", bea.token) as stays,
        ):
            payload = await operate(one, olga, END_SESSIONS, input={"customer": "ada", "reason": WHY})
            assert (payload["ended"], payload["errors"], payload["customer"]["sessions"]) == (1, [], [])
            assert await ends.closed() == 4401
            balance = await stays.subscribe("subscription { balanceChanged { balance { amount } } }")
            assert await balance.next() == {"balance": {"amount": "100.00"}}
        for client in (one, other):
            answer = await client.post("{ viewer { username } }", by=ada)
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
        again = await operate(one, olga, END_SESSIONS, input={"customer": "ada", "reason": WHY})
        assert (again["ended"], again["errors"]) == (0, [])


async def test_actions_stay_recorded_and_audited_after_the_customer_closes_the_wallet(client: Client) -> None:
    olga = await operator(client)
    await client.sign_up("ada", raw_email=MAIL)
    input = {"customer": "ada", "reason": WHY}
    await operate(client, olga, VERIFY_EMAIL, input={**input, "email": MAIL})
    await operate(client, olga, BEGIN_RECOVERY, input=input)
    await operate(client, olga, END_SESSIONS, input=input)
    acts = (await operate(client, olga, ACTIONS))["nodes"]
    about = {"owner": {"username": "ada"}}
    assert acts[:3] == [
        {"kind": kind, "operator": "olga", "reason": WHY, "endedSessions": ended, "wallet": about}
        for kind, ended in (("END_SESSIONS", 1), ("BEGIN_RECOVERY", None), ("VERIFY_EMAIL", None))
    ]
    audit = "{ operations { audit { right findings { law problem } } } }"
    assert await operate(client, olga, audit) == {"right": True, "findings": []}
    signed_in = (await client.data(SIGN_IN, {"input": {"login": "ada", "password": PASSWORD}}))["signIn"]
    ada = Person("ada", signed_in["tokens"]["accessToken"], signed_in["tokens"]["refreshToken"])
    withdraw = "mutation ($input: WithdrawInput!) { withdraw(input: $input) { errors { code } } }"
    out = {"amount": "100.00", "bankName": "First Bank", "idempotencyKey": new_key()}
    assert (await client.data(withdraw, {"input": out}, by=ada))["withdraw"]["errors"] == []
    close = f'mutation {{ closeWallet(password: "{PASSWORD}") {{ errors {{ code }} }} }}'
    assert (await client.data(close, by=ada))["closeWallet"]["errors"] == []
    assert await operate(client, olga, audit) == {"right": True, "findings": []}
    wallet_id = "{ operations { actions(first: 1) { nodes { wallet { id } } } } }"
    (act,) = (await operate(client, olga, wallet_id))["nodes"]
    for document, more in ((BEGIN_RECOVERY, {}), (VERIFY_EMAIL, {"email": MAIL}), (END_SESSIONS, {})):
        gone = {"customer": act["wallet"]["id"], "reason": WHY, **more}
        assert refusals(await operate(client, olga, document, input=gone)) == [("WALLET_CLOSED", [])]
