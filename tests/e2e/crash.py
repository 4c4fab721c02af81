"""Crashes under load, followed by a check that no acknowledged payment is lost and none was made twice.

    python -m tests.e2e.crash --rounds 10 --seconds 10

A round: load, a kill, the restart (of the server by this program, of PostgreSQL by the server), load again, and a
retry of every request without an answer. The rounds kill in turn the server, all of PostgreSQL, and both.
"""

import argparse
import asyncio
import random
import sys
from dataclasses import dataclass
from itertools import cycle, islice
from uuid import UUID

import asyncpg
from typeid import TypeID

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.e2e import processes
from tests.e2e.load import SETTINGS, Load
from tests.e2e.processes import Installation, Running
from tests.leftovers import run_folder

KILLS = ("server", "postgresql", "both")
BACK_SECONDS = 5.0
"""A killed PostgreSQL must be restarted within this time. A killed server has no such limit: this program restarts
it."""

KEPT = """
select key, t.id, status, amount, source_wallet_id, destination_wallet_id
from transactions t left join idempotency_keys k on t.id = any (k.result_ids)
where type <> 'bonus' and (source_wallet_id = any ($1) or destination_wallet_id = any ($1))
"""


@dataclass(frozen=True)
class Round:
    """The result of one crash."""

    killed: str
    orders: int
    unanswered: int
    back_after_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.killed:<10}  {self.orders:>6} orders  {self.unanswered:>4} without an answer  "
            f"answering again after {self.back_after_seconds:.1f} s"
        )


async def crash(
    installation: Installation, kills: list[str], seconds: float, clients: int = 16
) -> tuple[list[Round], Load]:
    """Runs a round for each kill. Returns the rounds, and the load with its record, in which every order is done."""
    server = await asyncio.to_thread(installation.start)
    load = Load(server.url, clients)
    await load.open()
    rounds = []
    for killed in kills:
        before = len(load.orders)
        running = asyncio.create_task(load.run())
        await asyncio.sleep(seconds * random.uniform(0.6, 1))
        server, back_after = await _kill(installation, server, killed, load)
        await asyncio.sleep(seconds / 4)
        load.stop()
        await running
        unanswered = await load.settle()
        assert load.broken == []
        rounds.append(Round(killed, len(load.orders) - before, unanswered, back_after))
    await prove(installation, load)
    await load.close()
    assert await asyncio.to_thread(server.stop) == 0
    return rounds, load


async def prove(installation: Installation, clients: Load, *, owner_dsn: str | None = None) -> None:
    """Compares the record with the database, with the audit and with what the customers see. `owner_dsn` is needed
    when the database is not the embedded one."""
    assert all(order.is_done for order in clients.orders)
    audit = await asyncio.to_thread(installation.run, "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    kept = await _kept(installation, clients.wallets, owner_dsn)
    by_key = {row["key"]: row for row in kept}
    assert None not in by_key, "money moved without an order"
    assert len(by_key) == len(kept), "a key moved money twice"
    assert by_key.keys() == {order.key for order in clients.orders}
    ids = [uuid_of(wallet) for wallet in clients.wallets]
    for order in clients.orders:
        row = by_key[order.key]
        assert row["id"] == uuid_of(order.id or ""), f"{order} was answered with another id"
        assert row["status"].upper() == order.status, f"{order} is {row['status']}"
        assert row["amount"] == order.minor
        ends = (None, ids[order.by]) if order.to is None else (ids[order.by], ids[order.to])
        assert (row["source_wallet_id"], row["destination_wallet_id"]) == ends
    for customer, minor in zip(clients.customers, clients.balances_minor(), strict=True):
        assert await customer.available() == f"{minor / 100:.2f}"


def uuid_of(id: str) -> UUID:
    """Returns the UUID of an id of the API."""
    return UUID(bytes=TypeID.from_string(id).uuid_bytes)


async def _kill(installation: Installation, server: Running, killed: str, clients: Load) -> tuple[Running, float]:
    """Kills, restarts the server if it was killed, and waits until a payment succeeds again."""
    loop = asyncio.get_running_loop()
    if killed in ("server", "both"):
        server.process.kill()
    if killed in ("postgresql", "both"):
        assert installation.kill_postgres() > 1
    at = loop.time()
    if killed in ("server", "both"):
        await asyncio.to_thread(server.process.wait)
        clients.is_starting = True
        server = await asyncio.to_thread(installation.start, PORT=server.url.rpartition(":")[2])
        clients.is_starting = False
        at = loop.time()
    # Answers to orders committed before the kill may still arrive.
    while clients.last_answer < at + 0.2:
        assert loop.time() - at < 30, f"no request is answered: {clients.answers}, {server.log.read_text()[-2000:]}"
        assert server.process.poll() is None
        await asyncio.sleep(0.02)
    return server, clients.last_answer - at


async def _kept(installation: Installation, wallets: list[str], owner_dsn: str | None) -> list[asyncpg.Record]:
    if owner_dsn is not None:
        return await _kept_at(owner_dsn, wallets)
    postgres = EmbeddedPostgres(installation.data)
    await asyncio.to_thread(postgres.start)
    try:
        return await _kept_at(postgres.owner_dsn, wallets)
    finally:
        await asyncio.to_thread(postgres.stop)


async def _kept_at(owner_dsn: str, wallets: list[str]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(owner_dsn)
    try:
        return await connection.fetch(KEPT, [uuid_of(wallet) for wallet in wallets])
    finally:
        await connection.close()


def main() -> None:
    """Runs many rounds from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load before each kill, at most")
    chosen = parser.parse_args()
    with run_folder(None) as folder, processes.installation(folder / "crash", None, **SETTINGS) as installation:
        kills = list(islice(cycle(KILLS), chosen.rounds))
        rounds, clients = asyncio.run(crash(installation, kills, chosen.seconds))
    sys.stdout.writelines(f"{one}\n" for one in rounds)
    sys.stdout.write(f"The books are right after {len(clients.orders)} orders. {dict(clients.answers)}\n")


if __name__ == "__main__":
    main()
