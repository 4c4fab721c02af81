"""Every server receives the signals of every commit. A lost listener reconnects and reports the start of the gap."""

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
class Recorder:
    """A subscriber that records its calls."""

    signals: list[Signal] = field(default_factory=list)
    missed_since: list[datetime] = field(default_factory=list)
    disconnects: int = 0

    def on_signal(self, signal: Signal) -> None:
        self.signals.append(signal)

    def on_gap(self, since: datetime) -> None:
        self.missed_since.append(since)

    def on_disconnect(self) -> None:
        self.disconnects += 1


@dataclass
class Server:
    listener: Listener
    recorder: Recorder


@asynccontextmanager
async def listening(dsn: str, *, heartbeat_seconds: float = 5.0) -> AsyncIterator[Server]:
    hub, recorder = Hub(), Recorder()
    hub.join(recorder)
    listener = Listener(lambda name: connect(dsn, name=name), hub, heartbeat_seconds=heartbeat_seconds)
    await listener.start()
    try:
        yield Server(listener, recorder)
    finally:
        await listener.close()


async def tell(connection: Owner, signal: Signal) -> None:
    for payload in payloads(signal):
        await connection.execute("select pg_notify($1, $2)", CHANNEL, payload)


def a_change() -> Signal:
    return Signal(wallets={uuid4(): 1})


async def test_every_server_receives_the_signals_of_every_commit(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server) as one, listening(database_dsn.server) as other:
        signal = a_change()
        await tell(owner, signal)
        await until(lambda: bool(one.recorder.signals and other.recorder.signals))
        assert one.recorder.signals == other.recorder.signals
        assert one.recorder.signals[0].wallets == signal.wallets


async def test_a_rolled_back_signal_is_not_received(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server) as server:
        unit = owner.transaction()
        await unit.start()
        await tell(owner, a_change())
        await unit.rollback()
        kept = a_change()
        await tell(owner, kept)
        await until(lambda: bool(server.recorder.signals))
        assert [signal.wallets for signal in server.recorder.signals] == [kept.wallets]


async def test_a_listener_listens_before_it_reports_a_gap(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server) as server:
        assert server.listener.listening
        assert len(server.recorder.missed_since) == 1
        signal = a_change()
        await tell(owner, signal)
        await until(lambda: bool(server.recorder.signals))


async def test_the_signal_everything_reports_a_gap_since_the_last_heartbeat(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server, heartbeat_seconds=0.05) as server:
        await asyncio.sleep(0.2)
        asked: datetime = await owner.fetchval("select clock_timestamp()")
        await owner.execute("select pg_notify($1, 'all')", CHANNEL)
        await until(lambda: len(server.recorder.missed_since) == 2)
        since = server.recorder.missed_since[1]
        assert asked - OVERLAP - timedelta(seconds=2) < since <= asked


async def test_a_killed_listener_reconnects_immediately_and_reports_the_start_of_the_gap(
    database_dsn: Dsns, owner: Owner
) -> None:
    async with listening(database_dsn.server) as server:
        killed_at: datetime = await owner.fetchval("select clock_timestamp()")
        await owner.fetch(f"select pg_terminate_backend(pid) from ({LISTENERS}) listeners")
        await until(lambda: server.recorder.disconnects == 1)
        await until(lambda: len(server.recorder.missed_since) == 2)
        assert server.listener.listening
        assert server.recorder.missed_since[1] < killed_at
        await tell(owner, a_change())
        await until(lambda: bool(server.recorder.signals))


async def test_a_listener_that_cannot_connect_reports_it_and_keeps_trying(database_dsn: Dsns, owner: Owner) -> None:
    async with relaying(socket_of(database_dsn)) as relay:
        relay.swallows = True
        hub, recorder = Hub(), Recorder()
        hub.join(recorder)
        tries = 0

        async def try_to_connect(name: str) -> Owner:
            nonlocal tries
            tries += 1
            async with asyncio.timeout(0.1):
                return await connect(through(database_dsn, relay.port), name=name)

        listener = Listener(try_to_connect, hub)
        await listener.start(patience_seconds=0.3)
        assert not listener.listening
        assert not recorder.missed_since
        await until(lambda: tries > 2)
        relay.swallows = False
        await until(lambda: listener.listening)
        assert recorder.disconnects == 0
        await listener.close()


async def test_a_dead_connection_that_looks_open_is_detected(database_dsn: Dsns, owner: Owner) -> None:
    async with (
        relaying(socket_of(database_dsn)) as relay,
        listening(through(database_dsn, relay.port), heartbeat_seconds=0.1) as server,
    ):
        relay.swallows = True
        await tell(owner, a_change())
        await until(lambda: server.recorder.disconnects == 1)
        assert not server.listener.listening
        assert not server.recorder.signals
        relay.swallows = False
        await until(lambda: len(server.recorder.missed_since) == 2)
        assert server.listener.listening


async def test_an_error_in_a_subscriber_does_not_stop_the_listener(
    database_dsn: Dsns, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(database_dsn.server) as server:
        reported: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
        monkeypatch.setattr(server.recorder, "on_signal", None)
        await tell(owner, a_change())
        await until(lambda: bool(reported))
        monkeypatch.undo()
        await tell(owner, a_change())
        await until(lambda: bool(server.recorder.signals))


async def test_a_closed_listener_leaves_no_connection(database_dsn: Dsns, owner: Owner) -> None:
    async with listening(database_dsn.server):
        assert len(await owner.fetch(LISTENERS)) == 1

    async def gone() -> None:
        while await owner.fetch(LISTENERS):  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.01)

    await soon(gone())


async def test_a_listener_closed_while_its_connection_is_lost_stays_closed(database_dsn: Dsns) -> None:
    async with listening(database_dsn.server) as server:
        server.listener._on_lost(None)
        await asyncio.sleep(0)  # the task that waits for the loss is about to run
        await soon(server.listener.close())


async def test_a_unit_of_work_can_send_several_payloads(database: Database, database_dsn: Dsns) -> None:
    signal = Signal(wallets={uuid4(): number for number in range(900)})
    async with listening(database_dsn.server) as server:
        async with database.write() as session:
            await session.execute("select pg_notify($1, p) from unnest($2::text[]) p", CHANNEL, payloads(signal))
        await until(lambda: sum(len(signal.wallets) for signal in server.recorder.signals) == 900)
        assert len(server.recorder.signals) > 1


def socket_of(dsns: Dsns) -> str:
    """Returns the path of the cluster's socket."""
    query = parse_qs(urlsplit(dsns.server).query)
    return f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"


def through(dsns: Dsns, port: int) -> str:
    """Returns the DSN of the same database through a relay on that port."""
    database = dsns.server.split("@/")[1].split("?")[0]
    return f"postgresql://pocketpay@127.0.0.1:{port}/{database}?sslmode=disable"
