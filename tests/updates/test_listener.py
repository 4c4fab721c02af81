"""What any server commits every server hears, and a lost listener comes back and knows since when it was deaf."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import pytest

from pocketpay.database.sessions import Database, connect
from pocketpay.updates.hub import OVERLAP, Hub
from pocketpay.updates.listener import Listener
from pocketpay.updates.signals import CHANNEL, Signal, payloads
from tests.conftest import Dsns
from tests.updates.relay import relaying
from tests.updates.waiting import soon, until

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

LISTENERS = """
select pid from pg_stat_activity
where application_name = 'pocketpay listener' and datname = current_database()"""


@dataclass
class Notebook:
    """A party that writes down what it is told."""

    heard: list[Signal] = field(default_factory=list)
    missed_since: list[datetime] = field(default_factory=list)
    deaf_times: int = 0

    def on_signal(self, signal: Signal) -> None:
        self.heard.append(signal)

    def on_gap(self, since: datetime) -> None:
        self.missed_since.append(since)

    def on_disconnect(self) -> None:
        self.deaf_times += 1


@dataclass
class Server:
    listener: Listener
    notebook: Notebook


@asynccontextmanager
async def listening(dsn: str, *, heartbeat_seconds: float = 5.0) -> AsyncIterator[Server]:
    hub, notebook = Hub(), Notebook()
    hub.join(notebook)
    listener = Listener(lambda name: connect(dsn, name=name), hub, heartbeat_seconds=heartbeat_seconds)
    await listener.start()
    try:
        yield Server(listener, notebook)
    finally:
        await listener.close()


async def tell(connection: Owner, signal: Signal) -> None:
    for payload in payloads(signal):
        await connection.execute("select pg_notify($1, $2)", CHANNEL, payload)


def a_change() -> Signal:
    return Signal(wallets={uuid4(): 1})


async def test_every_server_hears_what_any_server_commits(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server) as one, listening(database_dsn.server) as other:
        signal = a_change()
        await tell(owner, signal)
        await until(lambda: bool(one.notebook.heard and other.notebook.heard))
        assert one.notebook.heard == other.notebook.heard
        assert one.notebook.heard[0].wallets == signal.wallets


async def test_what_is_not_committed_is_not_heard(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server) as server:
        unit = owner.transaction()
        await unit.start()
        await tell(owner, a_change())
        await unit.rollback()
        kept = a_change()
        await tell(owner, kept)
        await until(lambda: bool(server.notebook.heard))
        assert [signal.wallets for signal in server.notebook.heard] == [kept.wallets]


async def test_a_listener_listens_before_it_says_what_was_missed(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server) as server:
        assert server.listener.listening
        assert len(server.notebook.missed_since) == 1
        signal = a_change()
        await tell(owner, signal)
        await until(lambda: bool(server.notebook.heard))


async def test_everything_means_all_since_the_last_heartbeat(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server, heartbeat_seconds=0.05) as server:
        await asyncio.sleep(0.2)
        asked: datetime = await owner.fetchval("select clock_timestamp()")
        await owner.execute("select pg_notify($1, 'all')", CHANNEL)
        await until(lambda: len(server.notebook.missed_since) == 2)
        since = server.notebook.missed_since[1]
        assert asked - OVERLAP - timedelta(seconds=2) < since <= asked


async def test_a_killed_listener_comes_back_at_once_and_knows_since_when_it_was_deaf(
    database_dsn: Dsns, owner: Owner
) -> None:
    async with listening(database_dsn.server) as server:
        killed_at: datetime = await owner.fetchval("select clock_timestamp()")
        await owner.fetch(f"select pg_terminate_backend(pid) from ({LISTENERS}) listeners")
        await until(lambda: server.notebook.deaf_times == 1)
        await until(lambda: len(server.notebook.missed_since) == 2, 2)
        assert server.listener.listening
        assert server.notebook.missed_since[1] < killed_at
        await tell(owner, a_change())
        await until(lambda: bool(server.notebook.heard))


async def test_a_listener_that_cannot_connect_says_so_and_goes_on_trying(database_dsn: Dsns, owner: Owner) -> None:
    async with relaying(socket_of(database_dsn)) as relay:
        relay.swallows = True
        hub, notebook = Hub(), Notebook()
        hub.join(notebook)
        tries = 0

        async def try_to_connect(name: str) -> Owner:
            nonlocal tries
            tries += 1
            async with asyncio.timeout(0.1):
                return await connect(through(database_dsn, relay.port), name=name)

        listener = Listener(try_to_connect, hub)
        await listener.start(patience_seconds=0.3)
        assert not listener.listening
        assert not notebook.missed_since
        await until(lambda: tries > 2)
        relay.swallows = False
        await until(lambda: listener.listening)
        assert notebook.deaf_times == 0
        await listener.close()


async def test_a_connection_that_is_dead_and_looks_open_is_noticed(database_dsn: Dsns, owner: Owner) -> None:
    async with (
        relaying(socket_of(database_dsn)) as relay,
        listening(through(database_dsn, relay.port), heartbeat_seconds=0.1) as server,
    ):
        relay.swallows = True
        await tell(owner, a_change())
        await until(lambda: server.notebook.deaf_times == 1, 3)
        assert not server.listener.listening
        assert not server.notebook.heard
        relay.swallows = False
        await until(lambda: len(server.notebook.missed_since) == 2, 10)
        assert server.listener.listening


async def test_a_subscriber_that_breaks_does_not_stop_the_listener(
    database_dsn: Dsns, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(database_dsn.server) as server:
        reported: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
        monkeypatch.setattr(server.notebook, "on_signal", None)
        await tell(owner, a_change())
        await until(lambda: bool(reported))
        monkeypatch.undo()
        await tell(owner, a_change())
        await until(lambda: bool(server.notebook.heard))


async def test_a_closed_listener_leaves_no_connection(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server):
        assert len(await owner.fetch(LISTENERS)) == 1

    async def gone() -> None:
        while await owner.fetch(LISTENERS):  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.01)

    await soon(gone())


async def test_a_listener_closed_as_its_connection_is_lost_stays_closed(database_dsn: Dsns) -> None:
    async with listening(database_dsn.server) as server:
        server.listener._on_lost(None)
        await asyncio.sleep(0)  # what waits for the loss is about to be woken
        await soon(server.listener.close())


async def test_the_money_can_tell_more_than_one_payload_in_its_unit(database: Database, database_dsn: Dsns) -> None:
    signal = Signal(wallets={uuid4(): number for number in range(900)})
    async with listening(database_dsn.server) as server:
        async with database.write() as session:
            await session.execute("select pg_notify($1, p) from unnest($2::text[]) p", CHANNEL, payloads(signal))
        await until(lambda: sum(len(heard.wallets) for heard in server.notebook.heard) == 900)
        assert len(server.notebook.heard) > 1


def socket_of(dsns: Dsns) -> str:
    """The path of the socket the cluster listens on."""
    query = parse_qs(urlsplit(dsns.server).query)
    return f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"


def through(dsns: Dsns, port: int) -> str:
    """The same database by a relay on that port."""
    database = dsns.server.split("@/")[1].split("?")[0]
    return f"postgresql://pocketpay@127.0.0.1:{port}/{database}?sslmode=disable"
