"""`Query.wallet`."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.wallet import Wallet


@strawberry.field(description="The viewer's wallet.")
async def wallet(info: Info) -> Wallet | None:
    return await Wallet.find(info, info.context.must_view().wallet_id)
