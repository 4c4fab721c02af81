"""moneyRequestUpdated: every change of the viewer's money requests."""

from collections.abc import AsyncGenerator

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.money_request import MoneyRequest
from pocketpay.api.since import Since, place_after


@strawberry.subscription(
    description="Every change of the viewer's money requests, new ones among them, to both sides, whichever server "
    "made it: after `since`, or from now on. A payment that awaits its confirmation changes no request. Of several "
    "changes of one request close together the last is sent."
)
async def money_request_updated(info: Info, since: Since = None) -> AsyncGenerator[MoneyRequest, None]:
    wallet_id = info.context.must_view().wallet_id
    requests = info.context.rooms.feeds.requests
    after = await place_after(info.context, requests, since)
    with requests.watch(wallet_id, after) as watch:
        while True:
            yield MoneyRequest.of(await watch.next(), wallet_id)
