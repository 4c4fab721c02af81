"""The resolver of `riskConfirmationRequested`: sends the viewer's payments that wait for confirmation."""

from collections.abc import AsyncGenerator
from uuid import UUID

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.transaction import Transaction


@strawberry.subscription(
    description="Sends the viewer's own payments that wait for confirmTransfer or cancelTransfer: first all "
    "current ones, oldest first, then each new one. Each payment is sent once. The recipient never sees these "
    "payments."
)
async def risk_confirmation_requested(info: Info) -> AsyncGenerator[Transaction, None]:
    wallet_id = info.context.require_viewer().wallet_id
    sent: frozenset[UUID] = frozenset()
    with info.context.services.feeds.awaiting.watch(wallet_id) as watch:
        awaiting = await watch.first() or ()
        while True:
            for payment in awaiting:
                if payment.id not in sent:
                    yield Transaction.of(payment, wallet_id)
            sent = frozenset(payment.id for payment in awaiting)
            awaiting = await watch.next()
