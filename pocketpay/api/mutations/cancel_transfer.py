"""The resolver of `cancelTransfer`."""

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.errors import BY_ID, refusals_as_errors
from pocketpay.api.id_arguments import HeldPaymentId
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments.cancel import cancel


@strawberry.mutation(
    description="Cancels a payment of the viewer that waits for confirmation and releases the held money. "
    "Idempotent: repeating it returns the same result. Refusals: NOT_FOUND, WRONG_STATE (with the current status)."
)
@refusals_as_errors(TransactionPayload, BY_ID)
async def cancel_transfer(info: Info, id: HeldPaymentId) -> TransactionPayload:
    viewer = info.context.require_viewer()
    transaction_id = ids.require(ids.TRANSACTION, id)
    answer = await cancel(info.context.services.desk, viewer.wallet_id, transaction_id)
    return TransactionPayload.of(answer, viewer.wallet_id, BY_ID)
