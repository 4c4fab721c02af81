"""Live updates when something fails: missed notifications, ended sessions and peers that stop reading."""

import asyncio
import socket as tcp
from typing import TypeAlias

import asyncpg
import pytest

from pocketpay.cli import listening
from pocketpay.identity import sessions
from tests.conftest import Dsns
from tests.serving.live_server import live
from tests.serving.socket_client import socket
from tests.serving.stuck_peer import stuck_peer
from tests.updates.waiting import until

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

BALANCE = "subscription { balanceChanged { available { amount } version } }"

KILL_LISTENERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = 'pocketpay listener' and datname = current_database()"""


async def test_a_change_without_a_notification_is_sent_when_the_listener_reconnects(
    database_dsn: Dsns, owner: Owner
) -> None:
    async with live(database_dsn.server) as server:
        ada = await server.arrive("ada")
        async with socket(server.url, ada.tokens.access_token) as client:
            balance = await client.subscribe(BALANCE)
            version = (await balance.next())["version"]
            await owner.execute(
                "update ledger_accounts set held = 100, version = version + 1 where id = $1", ada.viewer.wallet_id
            )
            await balance.nothing()
            await owner.fetch(KILL_LISTENERS)
            assert await balance.next() == {"available": {"amount": "99.00"}, "version": version + 1}
            await server.deposit(ada, "1.00")
            assert (await balance.next())["version"] == version + 2


async def test_ending_a_session_closes_its_sockets_on_every_server(database_dsn: Dsns) -> None:
    async with live(database_dsn.server) as here, live(database_dsn.server) as there:
        ada, bob = await here.arrive("ada"), await here.arrive("bob")
        async with (
            socket(here.url, ada.tokens.access_token) as one,
            socket(there.url, ada.tokens.access_token) as two,
            socket(there.url, bob.tokens.access_token) as other,
        ):
            balance = await other.subscribe(BALANCE)
            await balance.next()
            await sessions.sign_out(here.services.identity, ada.viewer)
            assert [await one.closed(), await two.closed()] == [4401, 4401]
            await here.deposit(bob, "1.00")
            assert (await balance.next())["available"]["amount"] == "101.00"


async def test_sockets_of_a_session_revoked_meanwhile_close_when_the_listener_reconnects(
    database_dsn: Dsns, owner: Owner
) -> None:
    async with live(database_dsn.server) as server:
        ada, bob = await server.arrive("ada"), await server.arrive("bob")
        async with (
            socket(server.url, ada.tokens.access_token) as hers,
            socket(server.url, bob.tokens.access_token) as his,
        ):
            balance = await his.subscribe(BALANCE)
            await balance.next()
            await owner.execute("update sessions set revoked_at = now() where id = $1", ada.viewer.session_id)
            await owner.fetch(KILL_LISTENERS)
            assert await hers.closed() == 4401
            await server.deposit(bob, "1.00")
            await balance.next()


async def test_a_peer_that_stops_reading_is_disconnected_and_delays_no_one_else(
    database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is one second here and eight seconds in production."""
    monkeypatch.setattr(listening, "STUCK_PEER_MILLISECONDS", 1_000)
    async with live(database_dsn.server) as server:
        ada, bob = await server.arrive("ada"), await server.arrive("bob")
        watches = server.services.feeds.balances._watches
        stuck = await asyncio.to_thread(stuck_peer, server.url, ada.tokens.access_token, [BALANCE] * 20)
        await until(lambda: len(watches.get(ada.viewer.wallet_id, ())) == 20)
        async with socket(server.url, bob.tokens.access_token) as client:
            balance = await client.subscribe(BALANCE)
            await balance.next()
            began = asyncio.get_running_loop().time()
            while ada.viewer.wallet_id in watches:
                await asyncio.gather(*(server.deposit(ada, "0.01") for _ in range(20)))
                await server.deposit(bob, "0.01")
                await balance.next(3)
                assert asyncio.get_running_loop().time() - began < 10
        stuck.close()


def test_production_waits_eight_seconds_for_a_stuck_peer() -> None:
    assert listening.STUCK_PEER_MILLISECONDS == 8_000
    server = listening.listen("127.0.0.1", 0)
    assert server.getsockopt(tcp.IPPROTO_TCP, tcp.TCP_USER_TIMEOUT) == 8_000
    server.close()
