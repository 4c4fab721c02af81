"""Asks somebody for money and waits until they have answered. Needs `pip install websockets`.

    python examples/request.py alice pocket-pay-demo bob 12.00

The request is watched before it is made, so that no answer can come in between.
"""

import asyncio
import json
import sys
import uuid
from contextlib import suppress

from pay import SIGN_IN, URL, ask
from websockets.asyncio.client import connect

REQUEST = """mutation ($from: String!, $amount: Amount!, $key: String!) {
  requestMoney(input: {from: $from, amount: $amount, description: "From the example", idempotencyKey: $key}) {
    moneyRequest { id expiresAt } errors { message } } }"""

UPDATED = "subscription { moneyRequestUpdated { id status updatedAt } }"


async def request(url: str, token: str, payer: str, amount: str) -> None:
    async with connect(url.replace("http", "ws", 1), subprotocols=["graphql-transport-ws"]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
        asked = None
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "connection_ack":
                await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": UPDATED}}))
                key = str(uuid.uuid4())
                asked = ask(url, REQUEST, token, **{"from": payer}, amount=amount, key=key)["moneyRequest"]
                print(f"{payer} is asked for {amount} until {asked['expiresAt']}.", flush=True)
            elif message["type"] == "ping":
                await socket.send(json.dumps({"type": "pong"}))
            elif message["type"] == "next":
                news = message["payload"]["data"]["moneyRequestUpdated"]
                if asked and news["id"] == asked["id"] and news["status"] != "PENDING":
                    print(f"{news['status']} at {news['updatedAt']}.")
                    return
            elif message["type"] == "error":
                sys.exit(message["payload"][0]["message"])


if __name__ == "__main__":
    login, password, payer, amount, url = [*sys.argv[1:], URL][:5]
    token = ask(url, SIGN_IN, login=login, password=password)["tokens"]["accessToken"]
    with suppress(KeyboardInterrupt):
        asyncio.run(request(url, token, payer, amount))
