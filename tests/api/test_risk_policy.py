"""riskPolicy and the operators' settings have every rule of the register."""

from pocketpay.risk.rules import RULES, SETTINGS
from tests.api.operators import SET, operate, operator
from tests.clients import Client
from tests.risk.payments import policy

POLICY = "{ riskPolicy { rules { rule action message } } }"
SHOWN = "{ operations { riskSettings { name value } } }"


async def test_policy_tells_each_rule_and_no_other(client: Client) -> None:
    ada = await client.sign_up("ada")
    told = (await client.data(POLICY, by=ada))["riskPolicy"]["rules"]
    assert [one["rule"] for one in told] == [rule.name.upper() for rule in RULES]
    assert [(one["action"], one["message"]) for one in told] == [
        (rule.action.name, rule.words.format_map(rule.thresholds("USD"))) for rule in policy().rules
    ]


async def test_policy_tells_what_operators_have_set(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    for name, value in (("RAPID_TRANSFER_ACTION", "block"), ("RAPID_TRANSFER_COUNT", "3")):
        await operate(client, olga, SET, input={"name": name, "value": value, "reason": "A wave of fraud"})
    told = (await client.data(POLICY, by=ada))["riskPolicy"]["rules"]
    assert [one for one in told if one["rule"] == "RAPID_TRANSFERS"] == [
        {
            "rule": "RAPID_TRANSFERS",
            "action": "BLOCK",
            "message": "You made 3 or more payments within 60 minutes.",
        }
    ]


async def test_rapid_rule_with_a_count_above_a_thousand_is_told_as_off(client: Client) -> None:
    olga, ada = await operator(client), await client.sign_up("ada")
    input = {"name": "RAPID_TRANSFER_COUNT", "value": "1001", "reason": "Too many questions"}
    await operate(client, olga, SET, input=input)
    told = (await client.data(POLICY, by=ada))["riskPolicy"]["rules"]
    assert {one["rule"]: one["action"] for one in told}["RAPID_TRANSFERS"] == "OFF"


async def test_operators_are_shown_each_setting_and_can_set_it(client: Client) -> None:
    olga = await operator(client)
    shown = await operate(client, olga, SHOWN)
    assert [one["name"] for one in shown] == [name.upper() for name in SETTINGS]
    for one in shown:
        changed = await operate(client, olga, SET, input={**one, "reason": "As it is"})
        assert (changed["errors"], changed["setting"]["value"]) == ([], one["value"])
