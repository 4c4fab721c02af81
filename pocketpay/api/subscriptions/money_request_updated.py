"""moneyRequestUpdated: every change of the viewer's money requests."""

from collections.abc import AsyncGenerator

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.money_request import MoneyRequest


@strawberry.subscription(
    description="Each new or changed money request to or from the viewer, from now on, on any server. A payment "
    "that waits for confirmation does not change its request. Changes of one request close together may arrive as "
    "one event with the newest state."
)
async def money_request_updated(info: Info) -> AsyncGenerator[MoneyRequest, None]:
    wallet_id = info.context.must_view().wallet_id
    with info.context.rooms.feeds.requests.watch(wallet_id) as watch:
        while True:
            yield MoneyRequest.of(await watch.next(), wallet_id)
