"""setRiskSetting, clearRiskSetting and riskSettings: a change applies on every server immediately."""

from typing import Any

from pocketpay.risk.large_transfer import LargeTransfer
from pocketpay.risk.rapid_transfers import RapidTransfers
from pocketpay.risk.rule import RuleAction
from pocketpay.risk.rules import SETTINGS as REGISTERED
from tests.api.operators import CLEAR, SET, operate, operator
from tests.clients import Client, Person, serving
from tests.conftest import Dsns
from tests.payments.customers import new_key
from tests.people import Owner
from tests.updates.waiting import until

POLICY = "{ riskPolicy { largeTransferThreshold { amount } rapidTransferCount newRecipient } }"
PREVIEW = (
    "query ($input: TransferPreviewInput!) { transferPreview(input: $input) { status riskReasons { rule message } "
    "errors { code } } }"
)
TRANSFER = (
    "mutation ($input: TransferInput!) { transfer(input: $input) { transaction { id status riskReasons { message } } "
    "errors { code } } }"
)
SETTINGS = "{ operations { riskSettings { name value environmentValue overridden } } }"
REASON = "A wave of fraud"


async def send(client: Client, by: Person, amount: str) -> Any:
    input = {"to": "bea", "amount": amount, "description": "Lunch", "idempotencyKey": new_key()}
    return (await client.data(TRANSFER, {"input": input}, by=by))["transfer"]


async def test_a_changed_setting_applies_to_policy_preview_and_payments_on_every_server(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as one, serving(database_dsn.server) as other:
        olga, ada = await operator(one), await one.sign_up("ada")
        await one.sign_up("bea")
        input = {"name": "NEW_RECIPIENT_ACTION", "value": "off", "reason": REASON}
        assert (await operate(one, olga, SET, input=input))["errors"] == []
        input = {"name": "LARGE_TRANSFER_THRESHOLD", "value": "10", "reason": REASON}
        assert (await operate(one, olga, SET, input=input))["setting"]["value"] == "10"
        policy = {"largeTransferThreshold": {"amount": "10.00"}, "rapidTransferCount": 5, "newRecipient": False}
        here = {"riskPolicy": policy}
        assert await one.data(POLICY, by=ada) == here
        terms = other.services.desk.clearing
        await until(lambda: str(terms.terms.policy.rule(LargeTransfer).threshold("USD")) == "10.00")
        assert await other.data(POLICY, by=ada) == here
        preview = await other.data(PREVIEW, {"input": {"to": "bea", "amount": "10.01"}}, by=ada)
        assert preview["transferPreview"] == {
            "status": "PENDING_CONFIRMATION",
            "riskReasons": [{"rule": "LARGE_TRANSFER", "message": "The amount is above 10.00 USD."}],
            "errors": [],
        }
        for client in (one, other):
            assert (await send(client, ada, "10.00"))["transaction"]["status"] == "COMPLETED"
            assert (await send(client, ada, "10.01"))["transaction"]["status"] == "PENDING_CONFIRMATION"
        input = {"name": "LARGE_TRANSFER_ACTION", "value": "block", "reason": REASON}
        await operate(other, olga, SET, input=input)
        await until(lambda: one.services.desk.clearing.terms.policy.rule(LargeTransfer).action is RuleAction.BLOCK)
        for client in (one, other):
            assert [error["code"] for error in (await send(client, ada, "10.02"))["errors"]] == ["RISK_BLOCKED"]
        for name in ("LARGE_TRANSFER_ACTION", "LARGE_TRANSFER_THRESHOLD", "NEW_RECIPIENT_ACTION"):
            await operate(one, olga, CLEAR, input={"name": name, "reason": "It is over"})
        await until(lambda: other.services.desk.clearing.terms == one.services.desk.clearing.terms)
        assert str(one.services.desk.clearing.terms.policy.rule(LargeTransfer).threshold("USD")) == "500.00"


async def test_a_reason_keeps_the_threshold_that_applied(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    await client.sign_up("bea")
    set_to = {"name": "LARGE_TRANSFER_THRESHOLD", "reason": REASON}
    await operate(client, olga, SET, input={"name": "NEW_RECIPIENT_ACTION", "value": "off", "reason": REASON})
    await operate(client, olga, SET, input={**set_to, "value": "10.00"})
    held = (await send(client, ada, "11.00"))["transaction"]
    await operate(client, olga, SET, input={**set_to, "value": "50.00"})
    assert (await send(client, ada, "11.00"))["transaction"]["status"] == "COMPLETED"
    query = "query ($id: ID!) { transaction(id: $id) { status riskReasons { message } } }"
    assert (await client.data(query, {"id": held["id"]}, by=ada))["transaction"] == {
        "status": "PENDING_CONFIRMATION",
        "riskReasons": [{"message": "The amount is above 10.00 USD."}],
    }


async def test_a_stored_risk_setting_applies_to_the_first_payment_of_a_new_server(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as before:
        input = {"name": "NEW_RECIPIENT_ACTION", "value": "block", "reason": REASON}
        await operate(before, await operator(before), SET, input=input)
    async with serving(database_dsn.server) as after:
        ada, _ = await after.sign_up("ada"), await after.sign_up("bea")
        assert [error["code"] for error in (await send(after, ada, "1.00"))["errors"]] == ["RISK_BLOCKED"]


async def test_a_missed_change_of_a_risk_setting_is_read_when_the_listener_reconnects(
    database_dsn: Dsns, owner: Owner
) -> None:
    async with serving(database_dsn.server) as client:
        await owner.execute(
            "insert into risk_settings values ('rapid_transfer_count', '2', clock_timestamp())"
        )  # without a notification
        assert client.services.desk.clearing.terms.policy.rule(RapidTransfers).count == 5
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'pocketpay listener' and datname = current_database()"
        )
        await until(lambda: client.services.desk.clearing.terms.policy.rule(RapidTransfers).count == 2)


async def test_the_list_of_risk_settings_shows_which_are_overridden(client: Client) -> None:
    olga = await operator(client)
    await operate(client, olga, SET, input={"name": "RAPID_TRANSFER_COUNT", "value": "3", "reason": REASON})
    shown = await operate(client, olga, SETTINGS)
    environment = {name.upper(): str(field.default) for name, field in REGISTERED.items()}
    assert {one["name"]: (one["value"], one["environmentValue"], one["overridden"]) for one in shown} == {
        **{name: (value, value, False) for name, value in environment.items()},
        "RAPID_TRANSFER_COUNT": ("3", "5", True),
    }


async def test_a_refused_risk_setting_has_the_path_of_the_bad_input(client: Client) -> None:
    olga = await operator(client)
    for value, reason, path in (("0", REASON, "value"), ("3", " ", "reason")):
        input = {"name": "RAPID_TRANSFER_COUNT", "value": value, "reason": reason}
        payload = await operate(client, olga, SET, input=input)
        assert payload["setting"] is None
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID_INPUT", ["input", path])]
