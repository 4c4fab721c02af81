"""Websockets that have not signed in: they take nobody's place."""

from contextlib import AsyncExitStack

import pytest

from pocketpay.serving import view
from tests.clients import listening, serving
from tests.conftest import Dsns
from tests.serving.test_sockets import INIT, closed, dialled, heard, opened, say, subscribe
from tests.updates.waiting import until


async def test_many_anonymous_sockets_keep_no_member_at_the_same_address_out(database_dsn: Dsns) -> None:
    """A hundred of them kept everybody at their address out."""
    async with (
        serving(database_dsn.server, sockets_per_address=100) as client,
        listening(client) as server,
        AsyncExitStack() as open_,
    ):
        ada = await client.sign_up("ada")
        strangers = [await open_.enter_async_context(opened(server)) for _ in range(50)]
        strangers += [await open_.enter_async_context(dialled(server)) for _ in range(50)]
        members = [await open_.enter_async_context(opened(server, by=ada)) for _ in range(10)]
        for member in members:
            await say(member, subscribe("subscription { balanceChanged { version } }"))
            assert (await heard(member))["type"] == "next"
        assert [await closed(socket) for socket in strangers[:1]] == [4429]


async def test_the_oldest_socket_that_has_not_signed_in_is_closed_for_a_new_one(database_dsn: Dsns) -> None:
    async with (
        serving(database_dsn.server, sockets_per_address=2) as client,
        listening(client) as server,
        AsyncExitStack() as open_,
    ):
        ada = await client.sign_up("ada")
        member = await open_.enter_async_context(opened(server, by=ada))
        sockets = [await open_.enter_async_context(opened(server)) for _ in range(5)]
        assert [await closed(socket) for socket in sockets[:3]] == [4429] * 3
        for socket in (member, *sockets[3:]):
            await say(socket, {"type": "ping"})
            assert await heard(socket) == {"type": "pong"}


async def test_closed_sockets_leave_nothing_in_the_count(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server) as client, listening(client) as server:
        ada = await client.sign_up("ada")
        async with opened(server), dialled(server), opened(server, by=ada):
            assert len(client.app.state.server_context.sockets._anonymous["127.0.0.1"]) == 2
        await until(lambda: not client.app.state.server_context.sockets._anonymous)


async def test_a_socket_that_is_not_acknowledged_in_time_is_closed(
    database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "INIT_SECONDS", 0.2)
    async with (
        serving(database_dsn.server) as client,
        listening(client) as server,
        dialled(server) as silent,
        opened(server) as acknowledged,
    ):
        await say(silent, {"type": "ping"})
        assert await heard(silent) == {"type": "pong"}
        assert await closed(silent) == 4408
        await say(acknowledged, INIT)
        assert await closed(acknowledged) == 4429
