"""A server during failovers: busy while no host accepts writes, then it recovers by itself and has lost nothing.

The nodes replicate synchronously, as docs/operations.md recommends.
"""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import load, processes
from tests.e2e.crash import prove
from tests.e2e.customer import BALANCE_CHANGED, TRANSFER, WALLET, at, key, sign_up
from tests.e2e.load import HANG_SECONDS, Load
from tests.e2e.processes import Installation
from tests.failover.conftest import Replicated
from tests.failover.nodes import SUPERUSER, Node, Nodes
from tests.failover.watching import watching

SECRET = "a key for tests, thirty-two bytes or more"
BACK_SECONDS = 60.0
"""The longest wait for a server to recover. Alone on a machine it takes at most 5 s."""

SESSIONS = """
select count(*) from pg_stat_activity
where application_name like 'pocketpay %' and wait_event is distinct from 'SyncRep'
"""
"""A session whose commit waits for the standby does not notice that its server has left, and waits for ever."""


@pytest.fixture
def installation(cluster_home: Path) -> Iterator[Installation]:
    settings = load.SETTINGS | {"SECRET_KEY": SECRET, "ENVIRONMENT": "development"}
    with processes.installation(cluster_home / "failover", None, **settings) as made:
        yield made


@pytest.fixture
def nodes(cluster: Replicated) -> Nodes:
    return cluster(2, synchronous=True)


@pytest.mark.parametrize("lose", [Node.freeze, Node.kill], ids=["frozen", "killed"])
async def test_no_acknowledged_payment_is_lost_with_the_primary(
    installation: Installation, nodes: Nodes, lose: Callable[[Node], None]
) -> None:
    former, standby = nodes.nodes
    installation.settings["DATABASE_URL"] = nodes.dsn()
    server = await asyncio.to_thread(installation.start)
    clients = Load(server.url, clients=6)
    await clients.open()
    running = asyncio.create_task(clients.run())
    try:
        async with (
            clients.customers[0].listening() as socket,
            watching(clients.customers[:2], clients.customers[0].http) as watchers,
        ):
            balance = await socket.subscribe(BALANCE_CHANGED)
            await answered(clients)
            await asyncio.to_thread(lose, former)
            while not balance.messages.empty():
                balance.messages.get_nowait()
            await asyncio.to_thread(standby.promote)
            await answered(clients)
            await balance.next(BACK_SECONDS)
            if lose is Node.freeze:
                await asyncio.to_thread(former.thaw)
                await nobody_uses(nodes, former)
                await answered(clients)
                assert await nodes.ask(former, SESSIONS) == 0
    finally:
        clients.stop()
        await running
    await clients.settle(BACK_SECONDS)
    assert clients.broken == []
    assert [words for watcher in watchers for words in watcher.broken] == []
    assert all(watcher.looks for watcher in watchers)
    await prove(installation, clients, owner_dsn=nodes.dsn(standby, user=SUPERUSER))
    await clients.close()
    assert await asyncio.to_thread(server.stop) == 0
    assert server.tracebacks() == []


async def test_a_server_without_a_writable_host_is_busy_and_reports_the_reason(
    installation: Installation, nodes: Nodes
) -> None:
    installation.settings["DATABASE_URL"] = nodes.dsn()
    server = await asyncio.to_thread(installation.start)
    async with at(server.url) as http:
        ada, bea = await sign_up(http), await sign_up(http)
        await audit_of_the_standby(installation)
        await asyncio.to_thread(nodes[0].kill)
        payment = {"to": bea.username, "amount": "5.00", "description": "Lunch", "idempotencyKey": key()}
        for _ in range(2):  # the first time on connections that break, then without any
            async with asyncio.timeout(2 * HANG_SECONDS):
                answers = await asyncio.gather(ada.post(WALLET), ada.post(TRANSFER, input=payment))
            for answer in answers:
                assert [error["extensions"]["code"] for error in answer["errors"]] == ["SERVICE_BUSY"], answer
            assert (await http.get("/readyz")).status_code == 503
            assert (await http.get("/healthz")).status_code == 200
        await asyncio.to_thread(nodes[1].promote)
        async with asyncio.timeout(BACK_SECONDS):
            while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - nothing signals readiness
                await asyncio.sleep(0.1)
        paid = await ada.ask(TRANSFER, input=payment)
        assert paid["transaction"]["status"] == "COMPLETED"
        assert await ada.available() == "95.00"
    assert await asyncio.to_thread(server.stop) == 0
    assert server.tracebacks() == []
    audit = await asyncio.to_thread(installation.run, "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr


async def audit_of_the_standby(installation: Installation) -> None:
    """Audits the hot standby: all rows, and then from a checkpoint that does not exist. Nothing is recorded."""
    whole = await asyncio.to_thread(installation.run, "audit", "--standby")
    assert (whole.returncode, whole.stderr) == (0, ""), whole.stderr
    assert whole.stdout.startswith("The ledger is correct: ")
    added = await asyncio.to_thread(installation.run, "audit", "--standby", "--incremental")
    assert (added.returncode, added.stdout) == (0, whole.stdout)
    assert added.stderr == (
        "A checkpoint does not exist yet. A whole audit runs.\n"
        "The audit was not recorded. To record it, run it on the primary with DATABASE_OWNER_URL.\n"
    )


async def answered(clients: Load) -> None:
    """Waits for answers to orders that are sent from now on."""
    loop = asyncio.get_running_loop()
    # Answers to orders that were committed before may still arrive.
    since = loop.time() + 0.2
    async with asyncio.timeout(BACK_SECONDS):
        while clients.last_answer < since:
            assert clients.broken == []
            await asyncio.sleep(0.02)


async def nobody_uses(nodes: Nodes, node: Node) -> None:
    """Waits until the server has no session at that node."""
    async with asyncio.timeout(BACK_SECONDS):
        while await nodes.ask(node, SESSIONS):  # noqa: ASYNC110 - PostgreSQL does not signal this
            await asyncio.sleep(0.05)
