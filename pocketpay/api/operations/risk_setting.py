"""Risk settings as operators see and change them."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import UserError
from pocketpay.operations import risk_settings as operations


@strawberry.enum(description="A setting of risk, by its name in the environment.")
class RiskSettingName(Enum):
    LARGE_TRANSFER_THRESHOLD = strawberry.enum_value(
        "LARGE_TRANSFER_THRESHOLD",
        description='Money; a payment above it is large: "500.00" in every currency, or "USD:500.00,JPY:50000".',
    )
    LARGE_TRANSFER_ACTION = strawberry.enum_value(
        "LARGE_TRANSFER_ACTION", description='What a large payment meets: "off", "confirm" or "block".'
    )
    NEW_RECIPIENT_ACTION = strawberry.enum_value(
        "NEW_RECIPIENT_ACTION", description='What the first payment to somebody meets: "off", "confirm" or "block".'
    )
    RAPID_TRANSFER_COUNT = strawberry.enum_value(
        "RAPID_TRANSFER_COUNT",
        description="With so many payments within the window before it, one is rapid; 1 or more, above 1000 none is.",
    )
    RAPID_TRANSFER_WINDOW_MINUTES = strawberry.enum_value(
        "RAPID_TRANSFER_WINDOW_MINUTES", description="The window of that rule in minutes, 1 to 1440."
    )
    RAPID_TRANSFER_ACTION = strawberry.enum_value(
        "RAPID_TRANSFER_ACTION", description='What a rapid payment meets: "off", "confirm" or "block".'
    )


@strawberry.type(description="A setting of risk as it applies now.")
class RiskSetting:
    name: RiskSettingName = strawberry.field(description="Which one.")
    value: str = strawberry.field(description="What applies, written as the environment writes it.")
    environment_value: str = strawberry.field(description="What this server's environment says.")
    overridden: bool = strawberry.field(description="Whether an operator has set it over the environment's.")
    since: datetime | None = strawberry.field(description="When an operator set it; null where none has.")

    @classmethod
    def of(cls, setting: operations.RiskSetting) -> Self:
        return cls(
            name=RiskSettingName[setting.name.name],
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
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why it was refused; empty when it was not."
    )


async def risk_settings(info: Info) -> list[RiskSetting]:
    """Every setting of risk, as this server's environment and the database say now."""
    info.context.must_operate()
    context = info.context
    found = await context.database.query(operations.risk_settings, context.rooms.settings)
    return [RiskSetting.of(one) for one in found]
