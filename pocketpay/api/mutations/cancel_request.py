"""The resolver of `cancelRequest`."""

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.errors import BY_ID, refusals_as_errors
from pocketpay.api.id_arguments import RequestId
from pocketpay.api.money_request_payload import MoneyRequestPayload
from pocketpay.payments import cancel_request as payments


@strawberry.mutation(
    description="Cancels a money request that the viewer created. Idempotent: repeating it returns the same result. "
    "Refusals: NOT_FOUND, WRONG_STATE (with the current status)."
)
@refusals_as_errors(MoneyRequestPayload, BY_ID)
async def cancel_request(info: Info, id: RequestId) -> MoneyRequestPayload:
    viewer = info.context.require_viewer()
    request_id = ids.require(ids.REQUEST, id)
    answer = await payments.cancel_request(info.context.services.desk, viewer.wallet_id, request_id)
    return MoneyRequestPayload.of(answer, viewer.wallet_id)
