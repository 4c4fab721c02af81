"""The resolver of `declineRequest`."""

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.errors import BY_ID, refusals_as_errors
from pocketpay.api.id_arguments import RequestId
from pocketpay.api.money_request_payload import MoneyRequestPayload
from pocketpay.payments import decline_request as payments


@strawberry.mutation(
    description="Declines a money request to the viewer. This is final. If a payment of the request waits for "
    "confirmation, that payment is CANCELLED and the held money is released. Idempotent: repeating it returns the "
    "same result. Refusals: NOT_FOUND, WRONG_STATE (with the current status)."
)
@refusals_as_errors(MoneyRequestPayload, BY_ID)
async def decline_request(info: Info, id: RequestId) -> MoneyRequestPayload:
    viewer = info.context.require_viewer()
    request_id = ids.require(ids.REQUEST, id)
    answer = await payments.decline_request(info.context.services.desk, viewer.wallet_id, request_id)
    return MoneyRequestPayload.of(answer, viewer.wallet_id)
