"""Subscribes over a websocket, for watch.py and request.py. See docs/clients.md."""

import json
from collections.abc import AsyncGenerator
from typing import Any

from client import Failed


async def events(url: str, token: str, *subscriptions: str) -> AsyncGenerator[dict[str, Any], None]:
    """Yields the events of the subscriptions. The first event is {}: no event after it is missed. Raises Failed."""
    try:
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException
    except ImportError:
        raise Failed("This example needs a library: pip install websockets") from None
    try:
        async with connect(url.replace("http", "ws", 1), subprotocols=["graphql-transport-ws"]) as socket:
            await socket.send(
                json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
            )
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "connection_ack":
                    for number, query in enumerate(subscriptions):
                        subscribe = {"id": str(number), "type": "subscribe", "payload": {"query": query}}
                        await socket.send(json.dumps(subscribe))
                    yield {}
                elif message["type"] == "ping":
                    await socket.send(json.dumps({"type": "pong"}))
                elif message["type"] == "next":
                    yield message["payload"]["data"]
                elif message["type"] == "error":
                    raise Failed(message["payload"][0]["message"])
    except (OSError, WebSocketException) as error:
        raise Failed(f"The connection to {url} was lost: {error}") from error
    raise Failed(f"The server at {url} ended the connection.")
