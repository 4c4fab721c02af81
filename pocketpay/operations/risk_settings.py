"""Risk settings: what operators set over the environment's, one at a time, each with its reason.

    known by that name?   its value read and checked as the environment's is, beside all the others
    one unit of work      the setting, the record of the act, and the word of it to every server

What is set already, or is the environment's already, is left as it is, and nothing is recorded.
"""

from dataclasses import dataclass
from datetime import datetime

import uuid_utils.compat as uuids

from pocketpay.amounts import is_money, money_setting
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
    """One setting, and its value as the environment writes it. `environments` is what applies without operators,
    `since` when an operator set it, None where the environment's applies.
    """

    name: str
    value: str
    environments: str
    since: datetime | None

    @property
    def overridden(self) -> bool:
        return self.since is not None


async def risk_settings(session: Session, settings: Settings) -> list[RiskSetting]:
    """Every setting of risk as it applies now."""
    kept = await repository.overrides(session)
    return [_setting(name, settings, kept.get(name)) for name in SETTINGS]


async def set_risk_setting(
    database: Database,
    settings: Settings,
    operator: Operator,
    *,
    name: str,
    raw_value: str,
    raw_reason: str,
) -> RiskSetting:
    """Sets one over the environment's and gives it as it applies then. Raises InvalidInput and ServiceBusy."""
    value, reason = parse_setting(raw_value), parse_reason(raw_reason)
    try:
        with_overrides(settings, {name: value})
        if is_money(SETTINGS[name]):
            # Every server that serves another currency has to start with it too.
            money_setting(name.upper(), value, await database.query(served_anywhere))
    except (SettingsError, ValueError) as wrong:
        raise InvalidInput("value", f"is not valid: {str(wrong).rstrip('.')}") from None
    return await _changed(database, settings, name, value, operator, reason)


async def clear_risk_setting(
    database: Database, settings: Settings, operator: Operator, *, name: str, raw_reason: str
) -> RiskSetting:
    """Lets the environment's apply again and gives it. Raises InvalidInput and ServiceBusy."""
    return await _changed(database, settings, name, None, operator, parse_reason(raw_reason))


async def _changed(
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


def known(raw_name: str) -> str:
    """The setting of that name, in any case. Raises InvalidInput."""
    name = raw_name.strip().lower()
    if name not in SETTINGS:
        raise InvalidInput("name", f"must be one of {', '.join(name.upper() for name in SETTINGS)}")
    return name


def _setting(name: str, settings: Settings, kept: Override | None) -> RiskSetting:
    environments = str(getattr(settings, name))
    if kept is None:
        return RiskSetting(name, environments, environments, None)
    return RiskSetting(name, kept.value, environments, kept.since)
