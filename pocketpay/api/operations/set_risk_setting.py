"""The door of `operations.setRiskSetting`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.risk_setting import RISK_SETTING_NAME, RiskSetting, RiskSettingPayload
from pocketpay.operations import risk_settings as operations


@strawberry.input(description="One setting of risk, and what it is to be.")
class SetRiskSettingInput:
    name: str = strawberry.field(graphql_type=RISK_SETTING_NAME, description="Which one.")
    value: str = strawberry.field(
        description='Written and judged as the environment\'s is: "confirm", "250.00", "USD:250.00,JPY:30000", "5".'
    )
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Sets one setting of risk over the environment's, on every server, for payments judged from then on. "
    "Payments that wait keep the reasons they were held for. What is so already is left, and not recorded. "
    "Refusals: INVALID_INPUT (value, reason)."
)
@refusals_as_errors(RiskSettingPayload)
async def set_risk_setting(
    info: Info, input: Annotated[SetRiskSettingInput, strawberry.argument(description="The setting and its value.")]
) -> RiskSettingPayload:
    operator, rooms = info.context.must_operate(), info.context.rooms
    changed = await operations.set_risk_setting(
        rooms.database, rooms.settings, operator, name=input.name, raw_value=input.value, raw_reason=input.reason
    )
    # The signal will come, but whoever has just done this should not have to wait for it.
    await rooms.office.policy.read()
    return RiskSettingPayload(setting=RiskSetting.of(changed))
