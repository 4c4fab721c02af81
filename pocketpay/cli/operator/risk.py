"""`pocketpay operator risk`: shows risk settings, overrides the environment's values, and removes the overrides."""

from typing import Annotated

import typer

from pocketpay.cli.operator.console import Console, Reason, login, with_console
from pocketpay.cli.operator.tables import show, time

risk = typer.Typer(
    help="Shows the current risk settings; `set` and `clear` change them.", invoke_without_command=True
)

Name = Annotated[str, typer.Argument(help="The name of the setting, as in the environment.")]


@risk.callback()
def risk_verb(context: typer.Context) -> None:
    """Lists all risk settings with their current values and the environment's values."""
    from pocketpay.operations.risk_settings import RiskSetting, risk_settings

    if context.invoked_subcommand is not None:
        return

    async def read_settings(console: Console) -> list[RiskSetting]:
        return await console.database.query(risk_settings, console.settings)

    head = ("SETTING", "VALUE", "ENVIRONMENT", "SET AT")
    rows = [
        [one.name.upper(), one.value, one.environment_value, time(one.since)] for one in with_console(read_settings)
    ]
    show(head, rows)


@risk.command("set")
def risk_set_verb(
    name: Name,
    value: Annotated[str, typer.Argument(help="The value, in the format of the environment variable.")],
    reason: Reason,
) -> None:
    """Overrides the environment's value of a setting, on every server."""
    from pocketpay.operations.risk_settings import RiskSetting, set_risk_setting, setting_name

    async def change(console: Console) -> RiskSetting:
        return await set_risk_setting(
            console.database, console.settings, login(), name=setting_name(name), raw_value=value, raw_reason=reason
        )

    changed = with_console(change)
    typer.echo(f"{changed.name.upper()} is {changed.value}; the environment has {changed.environment_value}.")


@risk.command("clear")
def risk_clear_verb(name: Name, reason: Reason) -> None:
    """Removes an override, on every server: the environment's value applies again."""
    from pocketpay.operations.risk_settings import RiskSetting, clear_risk_setting, setting_name

    async def change(console: Console) -> RiskSetting:
        return await clear_risk_setting(
            console.database, console.settings, login(), name=setting_name(name), raw_reason=reason
        )

    changed = with_console(change)
    typer.echo(f"{changed.name.upper()} is {changed.value}, as in the environment.")
