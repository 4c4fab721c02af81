"""The wallet's balance, live: the present one first, then each change."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from account import Account
from pocketpay_client import BalanceChanged, BalanceChangedBalanceChangedAvailable
from websockets.exceptions import ConnectionClosed

STAY_AWAY = {4400, 4401, 4406, 4409, 4429}
TOKEN_EXPIRED = 4403


async def balances(account: Account) -> AsyncGenerator[BalanceChangedBalanceChangedAvailable, None]:
    """Reconnects until there is no use in it. Raises ConnectionClosed then."""
    version = -1
    while True:
        used = account.access_token
        account.ws_connection_init_payload = {"Authorization": f"Bearer {used}"}
        try:
            # The generated method is an async generator, whatever its type says.
            async with aclosing(cast("AsyncGenerator[BalanceChanged, None]", account.balance_changed())) as events:
                async for event in events:
                    wallet = event.balance_changed
                    if wallet.version > version:  # after a reconnect it may be nothing new
                        version = wallet.version
                        yield wallet.available
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
            if code in STAY_AWAY:
                raise
            if code == TOKEN_EXPIRED:
                await account.refresh_once(used)
        except OSError:
            pass  # the server restarts
        await asyncio.sleep(2 * random.random())
