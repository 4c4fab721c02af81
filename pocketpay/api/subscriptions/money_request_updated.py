"""The resolver of `moneyRequestUpdated`: sends every change of the viewer's money requests."""

from collections.abc import AsyncGenerator

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.money_request import MoneyRequest
from pocketpay.api.since import Since, place_after


@strawberry.subscription(
    description="Sends each money request to or from the viewer when it is created or changed, on any server. With "
    "`since`, the subscription first sends the requests that changed after that time. Without `since`, it sends "
    "only later changes. A payment that waits for confirmation does not change its request, so the server sends no "
    "event. Several changes of one request within a short time may arrive as one event with the newest state."
)
async def money_request_updated(info: Info, since: Since = None) -> AsyncGenerator[MoneyRequest, None]:
    wallet_id = info.context.require_viewer().wallet_id
    requests = info.context.services.feeds.requests
    after = await place_after(info.context, requests, since)
    with requests.watch(wallet_id, after) as watch:
        while True:
            yield MoneyRequest.of(await watch.next(), wallet_id)
