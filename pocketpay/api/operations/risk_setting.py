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
from pocketpay.settings import in_words

RISK_SETTING_NAME = registered_enum(
    "RiskSettingName",
    "A setting of risk, by its name in the environment.",
    {name: in_words(field) for name, field in SETTINGS.items()},
)


@strawberry.type(description="A setting of risk as it applies now.")
class RiskSetting:
    name: str = strawberry.field(graphql_type=RISK_SETTING_NAME, description="Which one.")
    value: str = strawberry.field(description="What applies, written as the environment writes it.")
    environment_value: str = strawberry.field(description="What this server's environment says.")
    overridden: bool = strawberry.field(description="Whether an operator has set it over the environment's.")
    since: datetime | None = strawberry.field(description="When an operator set it; null where none has.")

    @classmethod
    def of(cls, setting: operations.RiskSetting) -> Self:
        return cls(
            name=setting.name,
            value=setting.value,
            environment_value=setting.environments,
            overridden=setting.overridden,
            since=setting.since,
        )


@strawberry.type(description="The setting as it applies from now on, or why it was not changed.")
class RiskSettingPayload:
    setting: RiskSetting | None = strawberry.field(
        default=None, description="The setting after the change; null when refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


async def risk_settings(info: Info) -> list[RiskSetting]:
    """Every setting of risk, as this server's environment and the database say now."""
    info.context.must_operate()
    context = info.context
    found = await context.database.query(operations.risk_settings, context.rooms.settings)
    return [RiskSetting.of(one) for one in found]
