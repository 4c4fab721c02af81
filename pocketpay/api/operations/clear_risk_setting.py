"""The door of `operations.clearRiskSetting`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.risk_setting import RISK_SETTING_NAME, RiskSetting, RiskSettingPayload
from pocketpay.operations import risk_settings as operations


@strawberry.input(description="One setting of risk that is to be the environment's again.")
class ClearRiskSettingInput:
    name: str = strawberry.field(graphql_type=RISK_SETTING_NAME, description="Which one.")
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Lets the environment's setting of risk apply again, on every server. What no operator has set is "
    "left, and not recorded. Refusals: INVALID_INPUT (reason)."
)
@refusals_as_errors(RiskSettingPayload)
async def clear_risk_setting(
    info: Info, input: Annotated[ClearRiskSettingInput, strawberry.argument(description="The setting.")]
) -> RiskSettingPayload:
    operator, rooms = info.context.must_operate(), info.context.rooms
    changed = await operations.clear_risk_setting(
        rooms.database,
        rooms.settings,
        operator,
        name=input.name,
        raw_reason=input.reason,
    )
    await rooms.office.policy.read()
    return RiskSettingPayload(setting=RiskSetting.of(changed))
