"""Watches a wallet: its balance, and the payments that wait for confirmation. Needs `pip install websockets`.

    python examples/watch.py bob pocket-pay-demo

One websocket (graphql-transport-ws) receives the current state first, then every change after its commit.
"""

import asyncio

from client import sign_in
from command_line import arguments, failures_printed
from live import events

BALANCE = "subscription { balanceChanged { available { amount currency } held { amount } } }"
WAITING = "subscription { riskConfirmationRequested { id amount { amount } counterparty { username } } }"


async def watch(url: str, token: str) -> None:
    async for event in events(url, token, BALANCE, WAITING):
        if wallet := event.get("balanceChanged"):
            available, held = wallet["available"], wallet["held"]["amount"]
            print(f"{available['amount']} {available['currency']} to spend, {held} held", flush=True)
        elif payment := event.get("riskConfirmationRequested"):
            print(f"Confirm {payment['amount']['amount']} to {payment['counterparty']['username']}?", flush=True)


if __name__ == "__main__":
    login, password, url = arguments(__doc__, "login", "password")
    with failures_printed():
        asyncio.run(watch(url, sign_in(url, login, password)))
