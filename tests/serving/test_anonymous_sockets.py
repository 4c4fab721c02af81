"""Anonymous websockets do not use up the places of signed-in users."""

from contextlib import AsyncExitStack

import pytest

from pocketpay.serving import view
from tests.clients import listening, serving
from tests.conftest import Dsns
from tests.serving.test_sockets import INIT, acknowledged, close_code, connected, receive, send, subscribe
from tests.updates.waiting import until


async def test_anonymous_sockets_do_not_block_signed_in_users_at_the_same_address(database_dsn: Dsns) -> None:
    """A hundred anonymous sockets used to block everybody at their address."""
    async with (
        serving(database_dsn.server, sockets_per_address=100) as client,
        listening(client) as server,
        AsyncExitStack() as open_,
    ):
        ada = await client.sign_up("ada")
        strangers = [await open_.enter_async_context(acknowledged(server)) for _ in range(50)]
        strangers += [await open_.enter_async_context(connected(server)) for _ in range(50)]
        members = [await open_.enter_async_context(acknowledged(server, by=ada)) for _ in range(10)]
        for member in members:
            await send(member, subscribe("subscription { balanceChanged { version } }"))
            assert (await receive(member))["type"] == "next"
        assert [await close_code(socket) for socket in strangers[:1]] == [4429]


async def test_a_new_socket_closes_the_oldest_anonymous_one_at_the_limit(database_dsn: Dsns) -> None:
    async with (
        serving(database_dsn.server, sockets_per_address=2) as client,
        listening(client) as server,
        AsyncExitStack() as open_,
    ):
        ada = await client.sign_up("ada")
        member = await open_.enter_async_context(acknowledged(server, by=ada))
        sockets = [await open_.enter_async_context(acknowledged(server)) for _ in range(5)]
        assert [await close_code(socket) for socket in sockets[:3]] == [4429] * 3
        for socket in (member, *sockets[3:]):
            await send(socket, {"type": "ping"})
            assert await receive(socket) == {"type": "pong"}


async def test_closed_sockets_are_no_longer_counted(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as client, listening(client) as server:
        ada = await client.sign_up("ada")
        async with acknowledged(server), connected(server), acknowledged(server, by=ada):
            assert len(client.app.state.server_context.sockets._anonymous["127.0.0.1"]) == 2
        await until(lambda: not client.app.state.server_context.sockets._anonymous)


async def test_a_socket_without_a_connection_init_in_time_is_closed(
    database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "INIT_SECONDS", 0.2)
    async with (
        serving(database_dsn.server) as client,
        listening(client) as server,
        connected(server) as silent,
        acknowledged(server) as ready,
    ):
        await send(silent, {"type": "ping"})
        assert await receive(silent) == {"type": "pong"}
        assert await close_code(silent) == 4408
        await send(ready, INIT)
        assert await close_code(ready) == 4429
