"""A client of graphql-transport-ws: a websocket, its subscriptions and the messages of each."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.patience import PATIENCE_SECONDS


class Subscription:
    """The messages of one operation: payloads, then an end or an error."""

    def __init__(self, client: "SocketClient", id: str) -> None:
        self._client, self.id = client, id
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def next(self, seconds: float = PATIENCE_SECONDS) -> Any:
        """The data of the next event."""
        async with asyncio.timeout(seconds):
            message = await self.messages.get()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (field,) = message["payload"]["data"].values()
        return field

    async def error(self) -> dict[str, Any]:
        """The error that ended the operation."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self.messages.get()
        assert message["type"] == "error", message
        (error,) = message["payload"]
        assert isinstance(error, dict)
        return error

    async def nothing(self, seconds: float = 0.2) -> None:
        """Asserts that no message arrives for `seconds`."""
        await asyncio.sleep(seconds)
        assert self.messages.empty(), self.messages.get_nowait()

    async def stop(self) -> None:
        await self._client.send({"id": self.id, "type": "complete"})


class SocketClient:
    """One acknowledged websocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._subscriptions: dict[str, Subscription] = {}
        self._reader = asyncio.create_task(self._read())

    async def send(self, message: dict[str, Any]) -> None:
        await self._connection.send(json.dumps(message))

    async def subscribe(self, query: str, **variables: Any) -> Subscription:
        subscription = Subscription(self, str(len(self._subscriptions) + 1))
        self._subscriptions[subscription.id] = subscription
        payload = {"query": query, "variables": variables}
        await self.send({"id": subscription.id, "type": "subscribe", "payload": payload})
        return subscription

    async def closed(self, seconds: float = PATIENCE_SECONDS) -> int:
        """The code with which the server closed the socket."""
        async with asyncio.timeout(seconds):
            await self._connection.wait_closed()
        assert self._connection.close_code is not None
        return self._connection.close_code

    async def close(self) -> None:
        self._reader.cancel()
        await self._connection.close()

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                message = json.loads(text)
                if message["type"] in ("next", "error", "complete"):
                    self._subscriptions[message["id"]].messages.put_nowait(message)
        except ConnectionClosed:
            return


@asynccontextmanager
async def socket(url: str, token: str | None) -> AsyncIterator[SocketClient]:
    """Opens a websocket to the server at an http URL, with an access token or without one."""
    init = {"Authorization": f"Bearer {token}"} if token is not None else {}
    address = url.replace("http://", "ws://") + "/graphql"
    connection = await connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None)
    await connection.send(json.dumps({"type": "connection_init", "payload": init}))
    acknowledged = json.loads(await connection.recv())
    assert acknowledged == {"type": "connection_ack"}
    client = SocketClient(connection)
    try:
        yield client
    finally:
        await client.close()
