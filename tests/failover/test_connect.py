"""Which host a connection is opened to."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from pocketpay.database import connecting, timelines
from pocketpay.database.connecting import connect
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.failures import NoPrimary
from pocketpay.database.sessions import Database
from pocketpay.database.startup import check
from pocketpay.database.timelines import Timelines
from tests.failover.nodes import PASSWORD, Node, Nodes, free_port, replicated

FOREVER = 3_600.0


@pytest.fixture(scope="module")
def pair(template: Node, cluster_home: Path) -> Iterator[Nodes]:
    """A primary and its standby, for tests that change neither."""
    with replicated(template, cluster_home / "pair", 2) as nodes:
        yield nodes


@asynccontextmanager
async def silent_host() -> AsyncIterator[str]:
    """A host that accepts connections and never answers, as a frozen PostgreSQL does."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield f"127.0.0.1:{door.getsockname()[1]}"


def through(dsn: str, *hosts: str) -> str:
    """The DSN with other hosts before its own."""
    return dsn.replace("@", "@" + "".join(f"{host}," for host in hosts))


async def port_of(dsn: str) -> int:
    connection = await connect(dsn)
    try:
        port: int = await connection.fetchval("select inet_server_port()")
        return port
    finally:
        connection.terminate()


async def test_the_primary_is_found_whatever_the_order(pair: Nodes) -> None:
    primary, standby = pair.nodes
    assert await port_of(pair.dsn(primary, standby)) == primary.port
    assert await port_of(pair.dsn(standby, primary)) == primary.port


async def test_a_silent_host_does_not_delay_the_primary(pair: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "ATTEMPT_SECONDS", FOREVER)
    async with silent_host() as silent, asyncio.timeout(60):
        assert await port_of(through(pair.dsn(), silent)) == pair[0].port


async def test_a_connection_fails_in_time_when_one_host_is_silent_and_none_accepts_writes(
    pair: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "ATTEMPT_SECONDS", 0.5)
    nobody = f"127.0.0.1:{free_port()}"
    async with silent_host() as silent:
        with pytest.raises(NoPrimary) as refused:
            await connect(through(pair.dsn(pair[1]), silent, nobody))
    reasons = dict(reason.split(": ") for reason in refused.value.reason.split("; "))
    assert reasons[silent] == "no answer in time"
    assert reasons[nobody] == "Connection refused"
    # A busy machine may leave the standby no time to answer.
    assert reasons[pair[1].host] in ("does not accept writes", "no answer in time")


async def test_only_a_standby_is_reported_in_one_sentence_at_the_start(pair: Nodes) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"does not accept writes.*DATABASE_URL") as refused:
        await check(pair.dsn(pair[1]))
    assert PASSWORD not in str(refused.value)
    assert "\n" not in str(refused.value)


def attempts() -> int:
    return sum(task.get_name() == "connecting to a host" for task in asyncio.all_tasks())


async def test_a_cancelled_attempt_leaves_no_connection(pair: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "ATTEMPT_SECONDS", FOREVER)
    monkeypatch.setattr(connecting, "OTHERS_SECONDS", FOREVER)
    made = []

    class Kept(connecting.WatchedConnection):
        """Is not closed by the garbage collector."""

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(connecting, "connection_class", Kept)
    async with silent_host() as silent:
        connecting_ = asyncio.create_task(connect(through(pair.dsn(), silent), name="cancelled"))
        opened = "select count(*) from pg_stat_activity where application_name = 'cancelled'"
        async with asyncio.timeout(60):
            while not made or attempts() != 1:  # noqa: ASYNC110 - until only the silent host is being tried
                await asyncio.sleep(0.02)
            assert await pair.ask(pair[0], opened) == 1
            connecting_.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting_
            while await pair.ask(pair[0], opened):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_a_connection_has_timeouts_on_both_ends_of_its_line(pair: Nodes) -> None:
    connection = await connect(pair.dsn())
    try:
        tcp = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == connecting.KEEP_IDLE_SECONDS
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == connecting.SILENT_SECONDS * 1000
        for name, value in connecting.GONE.items():
            assert await connection.fetchval("select setting from pg_settings where name = $1", name) == value
    finally:
        connection.terminate()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Timelines:
    """A process that has seen nothing yet."""
    fresh = Timelines()
    monkeypatch.setattr(timelines, "SEEN", fresh)
    return fresh


async def test_a_former_primary_that_comes_back_is_refused(pair: Nodes, seen: Timelines) -> None:
    connection = await connect(pair.dsn(pair[0]))
    row = await connection.fetchrow(timelines.CURRENT)
    assert row is not None
    seen.admit(connection, row["system_identifier"], int(row["segment"][:8], 16) + 1)
    with pytest.raises(NoPrimary, match="a former primary"):
        await connect(pair.dsn(pair[0]))
    with pytest.raises(NoPrimary, match="a former primary"):
        await connect(pair.dsn())
    connection.terminate()


async def test_a_newer_primary_ends_the_connections_to_the_former_one(pair: Nodes, seen: Timelines) -> None:
    database = await Database.open(pair.dsn())
    async with database.read() as session:
        cluster = await session.fetchval("select system_identifier from pg_control_system()")
    held = list(seen._connections[cluster])
    newer = await asyncpg.connect(pair.dsn(pair[0]))
    seen.admit(newer, cluster, 1_000)
    assert held
    assert all(connection.is_closed() for connection in held)
    assert not newer.is_closed()
    newer.terminate()
    await database.close()
