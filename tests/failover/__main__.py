"""Failovers of a cluster that Patroni manages, under load, and the proof that nothing shown or acknowledged is lost.

    make failover
    make failover ARGS="frozen dcs-frozen"

Two servers name every host, the first primary first. In each round customers pay and look at both servers while
something happens to the cluster. Afterwards the record is compared with the books, and the books are audited.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from pocketpay.database.commits import COMMIT_SECONDS
from tests import commands
from tests.e2e import load, processes
from tests.e2e.crash import prove, uuid_of
from tests.e2e.customer import BALANCE_CHANGED, WALLET
from tests.e2e.load import Load
from tests.e2e.processes import Installation, Running
from tests.failover.nodes import SUPERUSER
from tests.failover.patroni import TTL_SECONDS, Cluster, NoPatroni, cluster
from tests.failover.watching import Watcher, watching
from tests.leftovers import run_folder
from tests.serving.socket_client import Subscription

LONGEST_OUTAGE_SECONDS = TTL_SECONDS + 10.0
BACK_SECONDS = 120.0
LOAD_SECONDS = 3.0
CLIENTS = 6
SECRET = "a key for tests, thirty-two bytes or more"


@dataclass
class Site:
    """The cluster, its servers, and who uses them."""

    cluster: Cluster
    servers: list[Running]
    loads: list[Load]
    sockets: list[Subscription] = field(default_factory=list)

    async def answered(self, *, since: float | None = None) -> None:
        """Waits until every server has answered an order that was sent from now on, or from `since` on."""
        loop = asyncio.get_running_loop()
        # Answers to orders that were committed before may still arrive.
        since = (loop.time() if since is None else since) + 0.3
        async with asyncio.timeout(BACK_SECONDS):
            while any(one.last_answer < since for one in self.loads):
                assert not (broken := [words for one in self.loads for words in one.broken]), broken[:3]
                await asyncio.sleep(0.02)

    async def busy(self) -> None:
        """Every server says that it is busy and not ready: nothing else, and no HTTP 500."""
        for one in self.loads:
            async with asyncio.timeout(2 * load.HANG_SECONDS):
                answer = await one.customers[0].post(WALLET)
                assert [error["extensions"]["code"] for error in answer["errors"]] == ["SERVICE_BUSY"], answer
                ready = await one.customers[0].http.get("/readyz")
            assert ready.status_code == 503, ready.text


async def switchover(site: Site) -> None:
    """An administrator moves the primary."""
    await site.cluster.switch_over(await site.cluster.synchronous())


async def killed(site: Site) -> None:
    """The primary's machine loses power, and comes back."""
    former = await site.cluster.leader()
    await asyncio.to_thread(former.kill)
    await site.cluster.leader(other_than=former)
    await site.answered()
    former.start()


async def postgres_killed(site: Site) -> None:
    """Only PostgreSQL is killed. Patroni starts it again, or promotes another."""
    former = await site.cluster.leader()
    await asyncio.to_thread(former.node.kill)


async def frozen(site: Site) -> None:
    """The primary's machine answers nothing, and continues when another is the primary."""
    former = await site.cluster.leader()
    await asyncio.to_thread(former.freeze)
    await site.cluster.leader(other_than=former)
    await site.answered()
    await asyncio.to_thread(former.thaw)


async def link_cut(site: Site) -> None:
    """The standbys stop receiving while payments go on, then the primary is killed: those were shown to nobody."""
    former, standby = await site.cluster.leader(), await site.cluster.synchronous()
    (other,) = [one for one in site.cluster.members if one not in (former, standby)]
    # Only the synchronous standby is left to promote.
    await asyncio.to_thread(other.stop)
    former.relay.cut()
    await asyncio.sleep(COMMIT_SECONDS + 2)  # a commit that were cancelled would be shown by now
    await asyncio.to_thread(former.kill)
    former.relay.mend()
    await site.cluster.leader(other_than=former)
    await site.answered()
    former.start()
    other.start()


async def dcs_frozen(site: Site) -> None:
    """The configuration store answers nothing: Patroni makes every node a standby until it is back."""
    site.cluster.freeze_store()

    async def nobody() -> bool:
        return not await site.cluster.leaders()

    await site.cluster.until(nobody, "a node still is the primary")
    await site.busy()
    site.cluster.thaw_store()


async def dcs_frozen_failsafe(site: Site) -> None:
    """The same with failsafe_mode: the primary stays, because every member agrees."""
    await site.cluster.configure(failsafe_mode=True)
    await asyncio.sleep(15)  # Patroni reads it in its next loops, and the primary tells the members
    leader = await site.cluster.leader()
    site.cluster.freeze_store()
    await asyncio.sleep(TTL_SECONDS + 10)
    assert await site.cluster.leaders() == [leader]
    site.cluster.thaw_store()
    await site.cluster.configure(failsafe_mode=False)


ROUNDS: dict[str, Callable[[Site], Awaitable[None]]] = {
    "switchover": switchover,
    "postgres-killed": postgres_killed,
    "killed": killed,
    "frozen": frozen,
    "link-cut": link_cut,
    "dcs-frozen": dcs_frozen,
    "dcs-frozen-failsafe": dcs_frozen_failsafe,
}
UNBOUNDED = ("dcs-frozen",)
"""Rounds without a primary for as long as we choose."""


async def longest_gap(site: Site) -> float:
    """Measures, until it is cancelled, the longest time in which a server answered no order."""
    loop = asyncio.get_running_loop()
    longest, last = 0.0, [loop.time()] * len(site.loads)
    try:
        while True:
            for number, one in enumerate(site.loads):
                if one.last_answer > last[number]:
                    longest = max(longest, one.last_answer - last[number])
                    last[number] = one.last_answer
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        return longest


async def play(site: Site, name: str) -> str:
    """One round. Returns its line of the report."""
    await site.cluster.settled()
    customers = [one.customers[0] for one in site.loads]
    async with watching(customers, *(customer.http for customer in customers)) as watchers:
        running = [asyncio.create_task(one.run()) for one in site.loads]
        measuring = asyncio.create_task(longest_gap(site))
        orders = sum(len(one.orders) for one in site.loads)
        try:
            await site.answered()
            await asyncio.sleep(LOAD_SECONDS)
            await ROUNDS[name](site)
            await site.answered()
            for socket in site.sockets:
                while not socket.messages.empty():
                    socket.messages.get_nowait()
            await site.answered()
            for socket in site.sockets:
                await socket.next(BACK_SECONDS)
            await asyncio.sleep(LOAD_SECONDS)
        finally:
            for one in site.loads:
                one.stop()
            await asyncio.gather(*running)
            measuring.cancel()
        outage = await measuring
    unanswered = sum([await one.settle(BACK_SECONDS) for one in site.loads])
    for one in site.loads:
        assert one.broken == []
    await stays(site, watchers)
    bound = name not in UNBOUNDED
    assert not bound or outage <= LONGEST_OUTAGE_SECONDS, f"{name}: no answer for {outage:.1f} s"
    orders = sum(len(one.orders) for one in site.loads) - orders
    looks = sum(watcher.looks for watcher in watchers)
    return (
        f"{name:<20} {orders:>6} orders  {unanswered:>3} retried afterwards  {looks:>5} looks  "
        f"no answer for at most {outage:.1f} s"
    )


async def stays(site: Site, watchers: list[Watcher]) -> None:
    """What a customer was shown as completed is in the books, and their wallet never went back."""
    connection = await asyncpg.connect(site.cluster.dsn(await site.cluster.leader(), user=SUPERUSER), timeout=20)
    try:
        kept = {row["id"] for row in await connection.fetch("select id from transactions where status = 'completed'")}
    finally:
        await connection.close()
    for watcher in watchers:
        assert watcher.broken == []
        assert watcher.looks
        lost = [id for id in watcher.completed if uuid_of(id) not in kept]
        assert lost == [], "a customer saw payments that are lost"


async def rounds(folder: Path, installation: Installation, names: list[str]) -> None:
    async with cluster(folder / "cluster") as made:
        first = await made.leader()
        installation.settings["DATABASE_OWNER_URL"] = made.dsn(first, user=SUPERUSER)
        installation.settings["DATABASE_URL"] = made.dsn(first)
        migrated = await asyncio.to_thread(installation.run, "migrate")
        assert migrated.returncode == 0, migrated.stderr
        servers = [await asyncio.to_thread(installation.start) for _ in range(2)]
        loads = [Load(server.url, clients=CLIENTS) for server in servers]
        for one in loads:
            await one.open()
        site = Site(made, servers, loads)
        async with loads[0].customers[0].listening() as here, loads[1].customers[0].listening() as there:
            site.sockets = [await here.subscribe(BALANCE_CHANGED), await there.subscribe(BALANCE_CHANGED)]
            for name in names:
                sys.stdout.write(await play(site, name) + "\n")
                sys.stdout.flush()
                await audit(installation)
        owner = made.dsn(await made.leader(), user=SUPERUSER)
        for one in loads:
            await prove(installation, one, owner_dsn=owner)
            await one.close()
        for server in servers:
            assert await asyncio.to_thread(server.stop) == 0
            assert server.tracebacks() == []


async def audit(installation: Installation) -> None:
    done = await asyncio.to_thread(installation.run, "audit")
    assert done.returncode == 0, done.stdout + done.stderr


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rounds", nargs="*", choices=[*ROUNDS, []], metavar="ROUND", help=f"of {', '.join(ROUNDS)}")
    names = parser.parse_args().rounds or [*ROUNDS]
    settings = load.SETTINGS | {"SECRET_KEY": SECRET, "ENVIRONMENT": "development"}
    with (
        run_folder(None) as folder,
        commands.forking(),
        processes.installation(folder / "failover", None, **settings) as installation,
    ):
        try:
            asyncio.run(rounds(folder, installation, names))
        except NoPatroni as missing:
            sys.exit(str(missing))
    sys.stdout.write("Nothing that was shown or acknowledged is lost, and the books are right.\n")


if __name__ == "__main__":
    main()
