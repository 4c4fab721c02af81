"""The resolver of `operations.clearRiskSetting`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.risk_setting import RISK_SETTING_NAME, RiskSetting, RiskSettingPayload
from pocketpay.operations import risk_settings as operations


@strawberry.input(description="The risk setting to reset to the environment's value, and the reason.")
class ClearRiskSettingInput:
    name: str = strawberry.field(graphql_type=RISK_SETTING_NAME, description="The name of the setting.")
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Removes an operator's override of a risk setting, on every server: the environment's value applies "
    "again. Without an override nothing changes and nothing is recorded. Refusals: INVALID_INPUT (the reason)."
)
@refusals_as_errors(RiskSettingPayload)
async def clear_risk_setting(
    info: Info,
    input: Annotated[ClearRiskSettingInput, strawberry.argument(description="The setting and the reason.")],
) -> RiskSettingPayload:
    operator, services = info.context.require_operator(), info.context.services
    changed = await operations.clear_risk_setting(
        services.database,
        services.settings,
        operator,
        name=input.name,
        raw_reason=input.reason,
    )
    await services.operators.policy.read()
    return RiskSettingPayload(setting=RiskSetting.of(changed))
