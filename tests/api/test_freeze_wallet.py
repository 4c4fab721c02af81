"""A freeze reaches the owner's subscriptions immediately, and applies to payments on every server."""

from typing import Any

from tests.api.operators import FREEZE, UNFREEZE, operate, operator
from tests.clients import Client, listening, serving
from tests.conftest import Dsns
from tests.payments.customers import new_key
from tests.serving.socket_client import socket

BALANCE = "subscription { balanceChanged { status freeze available { amount } } }"
TRANSFER = (
    "mutation ($input: TransferInput!) { transfer(input: $input) { transaction { status failureCode } "
    "errors { code path } } }"
)


async def test_the_owner_gets_a_freeze_event_on_every_server(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as one, serving(database_dsn.server) as other:
        olga, ada = await operator(one), await one.sign_up("ada")
        async with listening(other) as there, socket(f"http://127.0.0.1:{there.port}", ada.token) as client:
            watching = await client.subscribe(BALANCE)
            money = {"available": {"amount": "100.00"}}
            assert await watching.next() == {"status": "ACTIVE", "freeze": None, **money}
            for freeze in ("DEBITS", "ALL"):
                input = {"wallet": "ada", "freeze": freeze, "reason": "Stolen phone"}
                await operate(one, olga, FREEZE, input=input)
                assert await watching.next() == {"status": "FROZEN", "freeze": freeze, **money}
            await operate(other, olga, UNFREEZE, input={"wallet": "ada", "reason": "Phone found"})
            assert await watching.next() == {"status": "ACTIVE", "freeze": None, **money}


async def test_a_wallet_frozen_on_one_server_cannot_pay_on_another(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as one, serving(database_dsn.server) as other:
        olga, ada, _ = await operator(one), await one.sign_up("ada"), await one.sign_up("bea")
        await operate(one, olga, FREEZE, input={"wallet": "@ADA", "freeze": "DEBITS", "reason": "Stolen phone"})
        input = {"to": "bea", "amount": "1.00", "description": "Lunch", "idempotencyKey": new_key()}
        payload = (await other.data(TRANSFER, {"input": input}, by=ada))["transfer"]
        assert payload == {
            "transaction": {"status": "BLOCKED", "failureCode": "WALLET_FROZEN"},
            "errors": [{"code": "WALLET_FROZEN", "path": []}],
        }


async def test_several_freezes_in_one_request_are_all_carried_out(client: Client) -> None:
    olga = await operator(client)
    for name in ("ada", "bea"):
        await client.sign_up(name)
    freezing = " ".join(
        f'{name}: freezeWallet(input: {{ wallet: "{name}", freeze: ALL, reason: "Ring" }}) {{ wallet {{ status }} }}'
        for name in ("ada", "bea")
    )
    answer: Any = await client.data(f"mutation {{ operations {{ {freezing} }} }}", by=olga)
    assert answer == {"operations": {name: {"wallet": {"status": "FROZEN"}} for name in ("ada", "bea")}}
