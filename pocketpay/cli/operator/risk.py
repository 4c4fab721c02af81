"""`pocketpay operator risk`: shows risk settings, overrides the environment's values, and removes the overrides."""

from typing import TYPE_CHECKING, Annotated

import typer

from pocketpay.cli import output
from pocketpay.cli.commands import Commands
from pocketpay.cli.operator.console import Console, Reason, login, with_console
from pocketpay.cli.output import Result

if TYPE_CHECKING:
    from pocketpay.operations.risk_settings import RiskSetting

risk = Commands(help="Shows the current risk settings. `set` and `clear` change them.", invoke_without_command=True)

Name = Annotated[str, typer.Argument(help="The name of the setting, as in the environment.")]


@risk.without_command
def risk_verb() -> Result:
    """Lists all risk settings with their current values and the environment's values."""
    from pocketpay.operations.risk_settings import risk_settings

    async def read_rows(console: Console) -> list[list[object]]:
        return [
            [one.name.upper(), one.value, one.environment_value, one.since]
            for one in await console.database.query(risk_settings, console.settings)
        ]

    columns = {"name": "SETTING", "value": "VALUE", "environment": "ENVIRONMENT", "set_at": "SET AT"}
    return output.table(columns, with_console(read_rows))


@risk.command("set")
def risk_set_verb(
    name: Name,
    value: Annotated[str, typer.Argument(help="The value, in the format of the environment variable.")],
    reason: Reason,
) -> Result:
    """Overrides the environment's value of a setting, on every server."""
    from pocketpay.operations.risk_settings import set_risk_setting, setting_name

    async def change(console: Console) -> "RiskSetting":
        return await set_risk_setting(
            console.database, console.settings, login(), name=setting_name(name), raw_value=value, raw_reason=reason
        )

    changed = with_console(change)
    line = f"{changed.name.upper()} is {changed.value}; the environment has {changed.environment_value}."
    return Result(_facts(changed), [line])


@risk.command("clear")
def risk_clear_verb(name: Name, reason: Reason) -> Result:
    """Removes an override. The environment's value applies again, on every server."""
    from pocketpay.operations.risk_settings import clear_risk_setting, setting_name

    async def change(console: Console) -> "RiskSetting":
        return await clear_risk_setting(
            console.database, console.settings, login(), name=setting_name(name), raw_reason=reason
        )

    changed = with_console(change)
    return Result(_facts(changed), [f"{changed.name.upper()} is {changed.value}, as in the environment."])


def _facts(one: "RiskSetting") -> dict[str, object]:
    return {"name": one.name.upper(), "value": one.value, "environment": one.environment_value, "set_at": one.since}
