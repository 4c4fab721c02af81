"""The mutation closeWallet: sessions and sockets end on every server, and other users see a closed account."""

from typing import Any

from tests.api.operators import FREEZE, operate, operator
from tests.clients import Client, Person, listening, serving
from tests.conftest import Dsns
from tests.payments.customers import new_key
from tests.people import PASSWORD
from tests.serving.socket_client import socket

CLOSE = (
    "mutation ($password: String!) { closeWallet(password: $password) { revoked errors { code path retryable } } }"
)
TRANSFER = (
    "mutation ($input: TransferInput!) { transfer(input: $input) { transaction { id status } errors { code path } } }"
)
SETTINGS = {"new_recipient_action": "off"}


async def pay(client: Client, by: Person, to: str, amount: str) -> Any:
    input = {"to": to, "amount": amount, "description": "Lunch", "idempotencyKey": new_key()}
    return (await client.data(TRANSFER, {"input": input}, by=by))["transfer"]


async def close(client: Client, by: Person, password: str = PASSWORD) -> Any:
    return (await client.data(CLOSE, {"password": password}, by=by))["closeWallet"]


async def test_closing_a_wallet_ends_its_sessions_and_sockets_on_every_server(database_dsn: Dsns) -> None:
    async with (
        serving(database_dsn.server, **SETTINGS) as one,
        serving(database_dsn.server, **SETTINGS) as other,
        listening(other) as there,
    ):
        ada, _ = await one.sign_up("ada"), await one.sign_up("bea")
        assert (await pay(one, ada, "bea", "100.00"))["errors"] == []
        async with socket(f"http://127.0.0.1:{there.port}", ada.token) as watching:
            assert await close(one, ada) == {"revoked": 1, "errors": []}
            assert await watching.closed() == 4401
        for client in (one, other):
            answer = await client.post("{ viewer { username } }", by=ada)
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
        refresh = "mutation ($t: String!) { refreshSession(refreshToken: $t) { errors { code } } }"
        errors = (await other.data(refresh, {"t": ada.refresh_token}))["refreshSession"]["errors"]
        assert [error["code"] for error in errors] == ["INVALID_TOKEN"]


async def test_others_see_a_closed_account_and_cannot_pay_it(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, **SETTINGS) as client:
        ada, bea = await client.sign_up("ada"), await client.sign_up("bea")
        await pay(client, ada, "bea", "100.00")
        assert (await close(client, ada))["errors"] == []
        seen = "{ transactions(first: 1) { nodes { counterparty { username name avatarUrl } } } }"
        (node,) = (await client.data(seen, by=bea))["transactions"]["nodes"]
        assert node["counterparty"]["username"].startswith("closed_")
        assert (node["counterparty"]["name"], node["counterparty"]["avatarUrl"]) == ("Closed account", None)
        for name in ("ada", node["counterparty"]["username"]):
            assert await client.data(f'{{ profile(username: "{name}") {{ id }} }}', by=bea) == {"profile": None}
            payload = await pay(client, bea, name, "1.00")
            assert [(one["code"], one["path"]) for one in payload["errors"]] == [
                ("RECIPIENT_NOT_FOUND", ["input", "to"])
            ]
        check = '{ usernameAvailable(username: "ada") { available errors { code } } }'
        taken = {"available": False, "errors": [{"code": "USERNAME_TAKEN"}]}
        assert await client.data(check) == {"usernameAvailable": taken}
        assert await client.data('{ searchProfiles(text: "closed") { id } }', by=bea) == {"searchProfiles": []}


async def test_a_refused_close_has_a_code_and_a_path_and_keeps_the_session(client: Client) -> None:
    ada = await client.sign_up("ada")
    assert (await close(client, ada, "not the password"))["errors"] == [
        {"code": "INVALID_CREDENTIALS", "path": ["password"], "retryable": False}
    ]
    assert await close(client, ada) == {
        "revoked": 0,
        "errors": [{"code": "BALANCE_NOT_ZERO", "path": [], "retryable": True}],
    }
    olga = await operator(client)
    await operate(client, olga, FREEZE, input={"wallet": "ada", "freeze": "ALL", "reason": "Stolen phone"})
    assert [error["code"] for error in (await close(client, ada))["errors"]] == ["WALLET_FROZEN"]
    answer = await client.post(CLOSE, {"password": PASSWORD})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    assert (await client.data("{ viewer { username } }", by=ada))["viewer"] == {"username": "ada"}
