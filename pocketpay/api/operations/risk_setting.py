"""Risk settings as operators see and change them."""

from datetime import datetime
from typing import Self

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.registered import registered_enum
from pocketpay.operations import risk_settings as operations
from pocketpay.risk.rules import SETTINGS
from pocketpay.settings import full_description

RISK_SETTING_NAME = registered_enum(
    "RiskSettingName",
    "The name of a risk setting, as in the environment.",
    {name: full_description(field) for name, field in SETTINGS.items()},
)


@strawberry.type(description="A risk setting as it applies now.")
class RiskSetting:
    name: str = strawberry.field(graphql_type=RISK_SETTING_NAME, description="The name of the setting.")
    value: str = strawberry.field(description="The current value, in the format of the environment variable.")
    environment_value: str = strawberry.field(description="The value in this server's environment.")
    overridden: bool = strawberry.field(description="Whether an operator has overridden the environment's value.")
    since: datetime | None = strawberry.field(
        description="When an operator overrode the value; null when it is not overridden."
    )

    @classmethod
    def of(cls, setting: operations.RiskSetting) -> Self:
        return cls(
            name=setting.name,
            value=setting.value,
            environment_value=setting.environment_value,
            overridden=setting.overridden,
            since=setting.since,
        )


@strawberry.type(
    description="The result of a change to a risk setting: the setting as it applies now, or the errors."
)
class RiskSettingPayload:
    setting: RiskSetting | None = strawberry.field(
        default=None, description="The setting after the change; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


async def risk_settings(info: Info) -> list[RiskSetting]:
    """All risk settings, with the values of this server's environment and the operators' overrides in the
    database."""
    info.context.require_operator()
    context = info.context
    found = await context.database.query(operations.risk_settings, context.services.settings)
    return [RiskSetting.of(one) for one in found]
