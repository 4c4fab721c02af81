"""moneyRequestUpdated: every change of the viewer's money requests."""

from collections.abc import AsyncGenerator

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.money_request import MoneyRequest


@strawberry.subscription(
    description="Every change from now on of the viewer's money requests, new ones among them, to both sides, "
    "whichever server made it. A payment that awaits its confirmation changes no request. Of several changes of one "
    "request close together the last is told."
)
async def money_request_updated(info: Info) -> AsyncGenerator[MoneyRequest, None]:
    wallet_id = info.context.must_view().wallet_id
    with info.context.rooms.feeds.requests.watch(wallet_id) as watch:
        while True:
            yield MoneyRequest.of(await watch.next(), wallet_id)
