"""The resolver of `balanceChanged`: sends the viewer's wallet now and after every change."""

from collections.abc import AsyncGenerator

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.wallet import Wallet


@strawberry.subscription(
    description="Sends the viewer's wallet: first its current state, then its state after each change of balance, "
    "held amount or status, made on any server. Several changes within a short time may arrive as one event with "
    "the newest state, so versions grow but may skip numbers."
)
async def balance_changed(info: Info) -> AsyncGenerator[Wallet, None]:
    wallet_id = info.context.require_viewer().wallet_id
    with info.context.services.feeds.balances.watch(wallet_id, info.context.push(Wallet.of)) as watch:
        balance = await watch.first()
        while balance is not None:
            yield Wallet.of(balance)
            balance = await watch.next()
