"""The resolver of `Query.wallet`."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.wallet import Wallet


@strawberry.field(description="The viewer's wallet.")
async def wallet(info: Info) -> Wallet | None:
    return await Wallet.find(info, info.context.require_viewer().wallet_id)
