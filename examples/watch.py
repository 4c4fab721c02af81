"""Watches a wallet live: its balance, and the payments that await an answer. Needs `pip install websockets`.

    python examples/watch.py bob pocket-pay-demo

One websocket speaks graphql-transport-ws; the present state comes at once, then every change after its commit.
"""

import asyncio
import json
import sys
from contextlib import suppress

from pay import SIGN_IN, URL, ask
from websockets.asyncio.client import connect

BALANCE = "subscription { balanceChanged { available { amount currency } held { amount } } }"
ASKED = "subscription { riskConfirmationRequested { id amount { amount } counterparty { username } } }"


async def watch(url: str, token: str) -> None:
    async with connect(url.replace("http", "ws", 1), subprotocols=["graphql-transport-ws"]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "connection_ack":
                for number, query in enumerate((BALANCE, ASKED)):
                    await socket.send(
                        json.dumps({"id": str(number), "type": "subscribe", "payload": {"query": query}})
                    )
            elif message["type"] == "ping":
                await socket.send(json.dumps({"type": "pong"}))
            elif message["type"] == "next":
                tell(message["payload"]["data"])
            elif message["type"] == "error":
                sys.exit(message["payload"][0]["message"])


def tell(data: dict) -> None:
    if wallet := data.get("balanceChanged"):
        available, held = wallet["available"], wallet["held"]["amount"]
        print(f"{available['amount']} {available['currency']} to spend, {held} held", flush=True)
    elif asked := data.get("riskConfirmationRequested"):
        print(f"Confirm {asked['amount']['amount']} to {asked['counterparty']['username']}?", flush=True)


if __name__ == "__main__":
    login, password, url = [*sys.argv[1:], URL][:3]
    with suppress(KeyboardInterrupt):
        asyncio.run(watch(url, ask(url, SIGN_IN, login=login, password=password)["tokens"]["accessToken"]))
