"""Risk settings: operators override the environment's values, one setting at a time, each with a reason.

    checks   the name is known; the value is valid for an environment variable and together with all other settings
    then     the setting, the record of the act, and the signal to every server, in one unit of work

Setting the same value again, or clearing a setting that is not overridden, changes nothing and records nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from pocketpay.amounts import is_money, money_setting
from pocketpay.database import uuids
from pocketpay.database.sessions import Database, Session
from pocketpay.identity.until_known import until_known
from pocketpay.ledger.currencies import served_anywhere
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.operator_log.repository import acts
from pocketpay.payments.parsing import parse_reason, parse_setting
from pocketpay.risk import repository
from pocketpay.risk.repository import Override
from pocketpay.risk.rules import SETTINGS
from pocketpay.settings import Settings, SettingsError, with_overrides
from pocketpay.transactions.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class RiskSetting:
    """One setting and its current value, in the format of the environment variable.

    `environment_value` is the value without an override. `since` is the time at which an operator overrode it; None
    when the environment's value applies.
    """

    name: str
    value: str
    environment_value: str
    since: datetime | None

    @property
    def overridden(self) -> bool:
        return self.since is not None


async def risk_settings(session: Session, settings: Settings) -> list[RiskSetting]:
    """Returns every risk setting with its current value."""
    overrides = await repository.overrides(session)
    return [_setting(name, settings, overrides.get(name)) for name in SETTINGS]


async def set_risk_setting(
    database: Database,
    settings: Settings,
    operator: Operator,
    *,
    name: str,
    raw_value: str,
    raw_reason: str,
) -> RiskSetting:
    """Overrides the environment's value of a setting. Returns the setting. Raises InvalidInput and ServiceBusy."""
    value, reason = parse_setting(raw_value), parse_reason(raw_reason)
    try:
        with_overrides(settings, {name: value})
        if is_money(SETTINGS[name]):
            # Servers with other currencies must also be able to start with it.
            money_setting(name.upper(), value, await database.query(served_anywhere))
    except (SettingsError, ValueError) as wrong:
        raise InvalidInput("value", f"is not valid: {str(wrong).rstrip('.')}") from None
    return await _change_setting(database, settings, name, value, operator, reason)


async def clear_risk_setting(
    database: Database, settings: Settings, operator: Operator, *, name: str, raw_reason: str
) -> RiskSetting:
    """Removes the override, so that the environment's value applies. Returns the setting. Raises InvalidInput and
    ServiceBusy."""
    return await _change_setting(database, settings, name, None, operator, parse_reason(raw_reason))


async def _change_setting(
    database: Database, settings: Settings, name: str, value: str | None, operator: Operator, reason: str
) -> RiskSetting:
    act_id = uuids.uuid7()

    async def unit() -> RiskSetting:
        async with database.write() as session:
            before = (await repository.lock(session)).get(name)
            was = None if before is None else before.value
            if was != value and not await acts.is_recorded(session, act_id):
                await (repository.drop(session, name) if value is None else repository.put(session, name, value))
                action = Action.CLEAR_RISK if value is None else Action.SET_RISK
                facts = {"name": name, "value": value, "before": was}
                await acts.record(session, (Act(act_id, operator, action, reason, facts=facts),))
            return _setting(name, settings, (await repository.overrides(session)).get(name))

    return await until_known(unit)


def setting_name(raw_name: str) -> str:
    """Returns the setting's name in lower case. Raises InvalidInput when there is no such setting."""
    name = raw_name.strip().lower()
    if name not in SETTINGS:
        raise InvalidInput("name", f"must be one of {', '.join(name.upper() for name in SETTINGS)}")
    return name


def _setting(name: str, settings: Settings, override: Override | None) -> RiskSetting:
    environment_value = str(getattr(settings, name))
    if override is None:
        return RiskSetting(name, environment_value, environment_value, None)
    return RiskSetting(name, override.value, environment_value, override.since)
