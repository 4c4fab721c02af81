"""balanceChanged: the viewer's wallet now, and after every change."""

from collections.abc import AsyncGenerator

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.wallet import Wallet


@strawberry.subscription(
    description="The viewer's wallet as it is now, at once, and then after every commit that changed its balance, "
    "its holds or its standing, whichever server made it. Of several changes close together the newest state is "
    "told: versions grow and may skip."
)
async def balance_changed(info: Info) -> AsyncGenerator[Wallet, None]:
    wallet_id = info.context.must_view().wallet_id
    with info.context.rooms.feeds.balances.watch(wallet_id) as watch:
        balance = await watch.first()
        while balance is not None:
            yield Wallet.of(balance)
            balance = await watch.next()
