"""Risk settings in the database override the environment: validated alike, recorded, signalled, and cleared."""

import asyncio

import pytest

from pocketpay.clearing.policy import read_policy
from pocketpay.database.sessions import Database
from pocketpay.operations.risk_settings import (
    RiskSetting,
    clear_risk_setting,
    risk_settings,
    set_risk_setting,
    setting_name,
)
from pocketpay.operator_log.act import Operator
from pocketpay.payments.desk import Desk
from pocketpay.risk.large_transfer import LargeTransfer
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.risk.rule import RuleAction
from pocketpay.settings import Settings, SettingsError, with_overrides
from pocketpay.transactions.errors import InvalidInput
from pocketpay.updates.signals import CHANNEL, read
from tests.people import LosesReplies, Owner, made

OPS = Operator(None, "ops")
BOTH = {"currencies": "USD,JPY", "large_transfer_threshold": "USD:500.00,JPY:50000", "welcome_bonus": "0"}
LIMITS = dict.fromkeys(("deposit_limit", "withdrawal_limit", "transfer_limit"), "1000")
RECORD = "select action, operator, reason, facts::text from operator_actions order by created_at"


def here() -> Settings:
    return made(**BOTH, **LIMITS)


async def set_(
    database: Database, name: str, value: str, reason: str = "A wave of fraud", *, settings: Settings | None = None
) -> RiskSetting:
    return await set_risk_setting(database, settings or here(), OPS, name=name, raw_value=value, raw_reason=reason)


async def applying(database: Database, settings: Settings | None = None) -> dict[str, str]:
    async with database.read() as session:
        return {one.name: one.value for one in await risk_settings(session, settings or here())}


async def test_a_stored_setting_overrides_the_environment_until_it_is_cleared(
    database: Database,
) -> None:
    before = await applying(database)
    setting = await set_(database, "large_transfer_threshold", " USD:20.00,JPY:3000 ")
    assert (setting.value, setting.environment_value, setting.overridden) == (
        "USD:20.00,JPY:3000",
        "USD:500.00,JPY:50000",
        True,
    )
    assert await applying(database) == {**before, "large_transfer_threshold": "USD:20.00,JPY:3000"}
    async with database.read() as session:
        policy = await read_policy(session, here())
    assert [str(policy.rule(LargeTransfer).threshold(code)) for code in ("USD", "JPY")] == ["20.00", "3000"]
    cleared = await clear_risk_setting(
        database, here(), OPS, name="large_transfer_threshold", raw_reason="It is over"
    )
    assert (cleared.value, cleared.overridden, cleared.since) == ("USD:500.00,JPY:50000", False, None)
    assert await applying(database) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("large_transfer_action", "maybe"),
        ("large_transfer_action", "BLOCK"),
        ("new_recipient_action", ""),
        ("rapid_transfer_action", "confirm\0"),
        ("rapid_transfer_count", "0"),
        ("rapid_transfer_count", "2.5"),
        ("rapid_transfer_count", "2147483648"),
        ("rapid_transfer_window_minutes", "1441"),
        ("rapid_transfer_window_minutes", "-1"),
        ("large_transfer_threshold", "-1.00"),
        ("large_transfer_threshold", "1.001"),
        ("large_transfer_threshold", "USD:20.00"),
        ("large_transfer_threshold", "USD:20.00,JPY:1.5"),
        ("large_transfer_threshold", "USD:20.00,USD:21.00,JPY:1"),
        ("large_transfer_threshold", "USD:20.00,JPY:1,\0\0\0:1"),
        ("large_transfer_threshold", "1e3"),
        ("large_transfer_threshold", "9" * 501),
    ],
)
async def test_a_value_that_is_invalid_in_the_environment_is_refused(
    database: Database, owner: Owner, name: str, value: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await set_(database, name, value)
    assert refused.value.field == "value"
    assert await owner.fetch("select from risk_settings union all select from operator_actions") == []


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "two\nlines", "\ud800"])
async def test_a_setting_without_a_valid_reason_is_refused(database: Database, owner: Owner, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await set_(database, "rapid_transfer_count", "3", reason)
    assert refused.value.field == "reason"
    assert await owner.fetch("select from risk_settings union all select from operator_actions") == []


def test_the_name_of_a_setting_is_case_insensitive() -> None:
    assert setting_name(" RAPID_transfer_count ") == "rapid_transfer_count"
    for other in ("", "secret_key", "transfer_limit"):
        with pytest.raises(InvalidInput):
            setting_name(other)


async def test_only_real_changes_are_recorded_and_signalled(database: Database, owner: Owner) -> None:
    told: list[str] = []
    await owner.add_listener(CHANNEL, lambda *said: told.append(str(said[3])))
    for value in ("3", "3", "4"):
        await set_(database, "rapid_transfer_count", value)
    for _ in range(2):
        await clear_risk_setting(database, here(), OPS, name="rapid_transfer_count", raw_reason="Enough")
    assert [tuple(row) for row in await owner.fetch(RECORD)] == [
        ("set_risk", "ops", "A wave of fraud", '{"name": "rapid_transfer_count", "value": "3", "before": null}'),
        ("set_risk", "ops", "A wave of fraud", '{"name": "rapid_transfer_count", "value": "4", "before": "3"}'),
        ("clear_risk", "ops", "Enough", '{"name": "rapid_transfer_count", "value": null, "before": "4"}'),
    ]
    assert [read(payload).risk_settings for payload in told] == [True] * 3


async def test_a_setting_is_recorded_once_when_replies_are_lost(losing: LosesReplies, owner: Owner) -> None:
    losing.losses = 2
    assert (await set_(losing, "rapid_transfer_count", "3")).value == "3"
    assert await owner.fetchval("select count(*) from operator_actions") == 1


async def test_concurrent_changes_are_recorded_one_after_another(database: Database, owner: Owner) -> None:
    await asyncio.gather(*(set_(database, "rapid_transfer_count", str(count)) for count in range(2, 8)))
    rows = await owner.fetch(
        "select facts ->> 'before' as before, facts ->> 'value' as value from operator_actions order by created_at"
    )
    assert [row["before"] for row in rows] == [None, *(row["value"] for row in rows[:-1])]
    assert (await applying(database))["rapid_transfer_count"] == rows[-1]["value"]


def test_a_setting_of_a_newer_server_is_ignored() -> None:
    assert with_overrides(here(), {"of_tomorrow_action": "block"}) == here()


async def test_a_stored_setting_that_conflicts_with_the_environment_is_reported(database: Database) -> None:
    await set_(database, "large_transfer_threshold", "USD:20.00", settings=made())
    async with database.read() as session:
        with pytest.raises(SettingsError, match="LARGE_TRANSFER_THRESHOLD has no amount for JPY"):
            await read_policy(session, here())
        assert str((await read_policy(session, made())).rule(LargeTransfer).threshold("USD")) == "20.00"


async def test_a_desk_applies_stored_settings_from_its_first_payment(database: Database) -> None:
    """This holds also for desks without a listener, as in an import or on the command line."""
    await set_(database, "new_recipient_action", "block", settings=made())
    desk = await Desk.open(database, made())
    assert desk.clearing.terms.policy.rule(NewRecipient).action is RuleAction.BLOCK
    await desk.close()
    await set_(database, "large_transfer_threshold", "USD:20.00", settings=made())
    with pytest.raises(SettingsError, match="pocketpay operator risk clear"):
        await Desk.open(database, here())
