"""riskPolicy and the operators' risk settings include every registered rule."""

from pocketpay.risk.rules import RULES, SETTINGS
from tests.api.operators import SET, operate, operator
from tests.clients import Client
from tests.payments.customers import new_key
from tests.risk.payments import policy

POLICY = "{ riskPolicy { rules { rule action message } } }"
PREVIEW = (
    "query ($input: TransferPreviewInput!) { transferPreview(input: $input) { status riskReasons { rule message } } }"
)
TRANSFER = (
    "mutation ($input: TransferInput!) { transfer(input: $input) { transaction { status "
    "riskReasons { rule message } } errors { code } } }"
)
SHOWN = "{ operations { riskSettings { name value } } }"


async def test_the_risk_policy_lists_exactly_the_registered_rules(client: Client) -> None:
    ada = await client.sign_up("ada")
    listed = (await client.data(POLICY, by=ada))["riskPolicy"]["rules"]
    assert [one["rule"] for one in listed] == [rule.name.upper() for rule in RULES]
    assert [(one["action"], one["message"]) for one in listed] == [
        (rule.action.name, rule.words.format_map(rule.thresholds("USD"))) for rule in policy().rules
    ]


async def test_the_risk_policy_shows_what_operators_have_set(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    for name, value in (("RAPID_TRANSFER_ACTION", "block"), ("RAPID_TRANSFER_COUNT", "3")):
        await operate(client, olga, SET, input={"name": name, "value": value, "reason": "A wave of fraud"})
    listed = (await client.data(POLICY, by=ada))["riskPolicy"]["rules"]
    assert [one for one in listed if one["rule"] == "RAPID_TRANSFERS"] == [
        {
            "rule": "RAPID_TRANSFERS",
            "action": "BLOCK",
            "message": "You made 3 or more payments within 60 minutes.",
        }
    ]


async def test_the_reason_for_an_unusual_hour_is_in_the_preview_and_the_payment(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    await client.sign_up("bea")
    settings = {
        "NEW_RECIPIENT_ACTION": "off",
        "UNUSUAL_HOUR_FROM": "0",
        "UNUSUAL_HOUR_UNTIL": "24",
        "UNUSUAL_HOUR_THRESHOLD": "10",
        "UNUSUAL_HOUR_ACTION": "confirm",
    }
    for name, value in settings.items():
        await operate(client, olga, SET, input={"name": name, "value": value, "reason": "Thefts at night"})
    words = "The amount is above 10.00 USD, between 00:00 and 24:00 UTC."
    reasons = [{"rule": "UNUSUAL_HOUR", "message": words}]
    listed = (await client.data(POLICY, by=ada))["riskPolicy"]["rules"]
    assert listed[-1] == {**reasons[0], "action": "CONFIRM"}
    input = {"to": "bea", "amount": "10.01"}
    seen = (await client.data(PREVIEW, {"input": input}, by=ada))["transferPreview"]
    assert seen == {"status": "PENDING_CONFIRMATION", "riskReasons": reasons}
    input = {**input, "description": "Taxi", "idempotencyKey": new_key()}
    made = (await client.data(TRANSFER, {"input": input}, by=ada))["transfer"]["transaction"]
    assert made == {"status": "PENDING_CONFIRMATION", "riskReasons": reasons}


async def test_a_rapid_rule_with_a_count_above_a_thousand_is_shown_as_off(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    input = {"name": "RAPID_TRANSFER_COUNT", "value": "1001", "reason": "Too many questions"}
    await operate(client, olga, SET, input=input)
    listed = (await client.data(POLICY, by=ada))["riskPolicy"]["rules"]
    assert {one["rule"]: one["action"] for one in listed}["RAPID_TRANSFERS"] == "OFF"


async def test_operators_see_every_risk_setting_and_can_set_it(client: Client) -> None:
    olga = await operator(client)
    shown = await operate(client, olga, SHOWN)
    assert [one["name"] for one in shown] == [name.upper() for name in SETTINGS]
    for one in shown:
        changed = await operate(client, olga, SET, input={**one, "reason": "As it is"})
        assert (changed["errors"], changed["setting"]["value"]) == ([], one["value"])
