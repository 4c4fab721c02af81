"""Yields the wallet's balance: the current one first, then each change."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from account import Account
from pocketpay_client import BalanceChanged, BalanceChangedBalanceChangedAvailable
from websockets.exceptions import ConnectionClosed

DO_NOT_RECONNECT = {4400, 4401, 4406, 4409, 4429}
TOKEN_EXPIRED = 4403


async def balances(account: Account) -> AsyncGenerator[BalanceChangedBalanceChangedAvailable, None]:
    """Reconnects when the connection is lost. Raises ConnectionClosed when reconnecting cannot help."""
    version = -1
    while True:
        used = account.access_token
        account.ws_connection_init_payload = {"Authorization": f"Bearer {used}"}
        try:
            # The generated method is an async generator, but its type hint is AsyncIterator.
            async with aclosing(cast("AsyncGenerator[BalanceChanged, None]", account.balance_changed())) as events:
                async for event in events:
                    wallet = event.balance_changed
                    if wallet.version > version:  # after a reconnect the first event may be the same again
                        version = wallet.version
                        yield wallet.available
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else None
            if code in DO_NOT_RECONNECT:
                raise
            if code == TOKEN_EXPIRED:
                await account.refresh_once(used)
        except OSError:
            pass  # the server may be restarting
        await asyncio.sleep(2 * random.random())
