"""The resolver of `confirmTransfer`."""

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.errors import BY_ID, refusals_as_errors
from pocketpay.api.id_arguments import HeldPaymentId
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments.confirm import confirm


@strawberry.mutation(
    description="Confirms a payment of the viewer that waits for confirmation, and completes it. Idempotent: "
    "repeating it returns the same result. Refusals: NOT_FOUND, WRONG_STATE (with the current status), "
    "WALLET_FROZEN and RISK_BLOCKED (the payment ends BLOCKED), RECIPIENT_NOT_FOUND (the payment ends FAILED)."
)
@refusals_as_errors(TransactionPayload, BY_ID)
async def confirm_transfer(info: Info, id: HeldPaymentId) -> TransactionPayload:
    viewer = info.context.require_viewer()
    transaction_id = ids.require(ids.TRANSACTION, id)
    answer = await confirm(info.context.services.desk, viewer.wallet_id, transaction_id)
    return TransactionPayload.of(answer, viewer.wallet_id, BY_ID)
