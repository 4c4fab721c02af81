"""The resolver of `operations.setRiskSetting`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.risk_setting import RISK_SETTING_NAME, RiskSetting, RiskSettingPayload
from pocketpay.operations import risk_settings as operations


@strawberry.input(description="The risk setting to override, its value and the reason.")
class SetRiskSettingInput:
    name: str = strawberry.field(graphql_type=RISK_SETTING_NAME, description="The name of the setting.")
    value: str = strawberry.field(
        description='The value, in the format of the environment variable: "confirm", "250.00", '
        '"USD:250.00,JPY:30000", "5".'
    )
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Overrides the environment's value of a risk setting, on every server, for later payments. Payments "
    "that already wait for confirmation keep their reasons. When the value is already set, nothing changes and "
    "nothing is recorded. Refusals: INVALID_INPUT (the value or the reason)."
)
@refusals_as_errors(RiskSettingPayload)
async def set_risk_setting(
    info: Info,
    input: Annotated[SetRiskSettingInput, strawberry.argument(description="The setting, its value and the reason.")],
) -> RiskSettingPayload:
    operator, services = info.context.require_operator(), info.context.services
    changed = await operations.set_risk_setting(
        services.database,
        services.settings,
        operator,
        name=input.name,
        raw_value=input.value,
        raw_reason=input.reason,
    )
    # Applied immediately on this server. The other servers get a signal.
    await services.operators.policy.read()
    return RiskSettingPayload(setting=RiskSetting.of(changed))
