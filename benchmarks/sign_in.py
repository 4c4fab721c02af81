"""Compares refused sign-ins with known and unknown logins: `python -m benchmarks.sign_in [--rounds 40]`.

Somebody who measures the time of a refusal must not learn whether the account exists. A server's identity services
in this process, with their own PostgreSQL and production's hashes, refuse wrong passwords of a user who exists, of a
user without a password, and of nobody, in turn and in a new order each round. The table shows the median of the
elapsed time and of the processor time of the process, and their ratio to those of an unknown login. The ratio must be
within 5 %.

An attempt is from a new network address and for a login that was not tried before, so no limit applies.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.population import make_people
from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Database
from pocketpay.identity.errors import InvalidCredentials
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sign_in import sign_in
from pocketpay.onboarding.lock_out import require_unlocked
from pocketpay.settings import Settings

SECRET = (b"a key for benchmarks, thirty-two bytes",)
WARM_UP = 3
ALLOWED = 0.05
UNKNOWN, KNOWN, WITHOUT = "unknown login", "user with a password", "user without a password"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sign_in")
    parser.add_argument("--rounds", type=int, default=40, choices=range(10, 501), metavar="10..500")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "data") as postgres:
        asyncio.run(migrations.upgrade(postgres.owner_dsn, postgres.server_dsn))
        measured = asyncio.run(_measure(postgres.server_dsn, rounds))
    base = {of: statistics.median(measured[UNKNOWN, of]) for of in ("elapsed", "processor")}
    print("| refused sign-in | elapsed ms | ratio | processor ms | ratio |\n| --- | ---: | ---: | ---: | ---: |")
    worst = 0.0
    for kind in (UNKNOWN, KNOWN, WITHOUT):
        cells = []
        for of in ("elapsed", "processor"):
            median = statistics.median(measured[kind, of])
            cells.append(f"{median * 1_000:.2f} | {median / base[of]:.3f}")
            worst = max(worst, abs(median / base[of] - 1))
        print(f"| {kind} | {' | '.join(cells)} |")
    print(f"\nLargest difference: {worst:.1%} ({'within' if worst <= ALLOWED else 'ABOVE'} {ALLOWED:.0%}).")


async def _measure(dsn: str, rounds: int) -> dict[tuple[str, str], list[float]]:
    database = await Database.open(dsn)
    services = IdentityServices.open(database, Settings(_env_file=None), SECRET, require_unlocked=require_unlocked)
    logins = await _logins(database, services, rounds + WARM_UP)
    measured: dict[tuple[str, str], list[float]] = {(k, of): [] for k in logins for of in ("elapsed", "processor")}
    chance = random.Random(1)
    address = 0
    for number in range(rounds + WARM_UP):
        for kind in chance.sample([*logins], len(logins)):
            address += 1
            elapsed, processor = time.perf_counter(), time.process_time()
            try:
                await sign_in(
                    services,
                    logins[kind][number],
                    "not the password",
                    address=f"10.{address // 250}.{address % 250}.1",
                    user_agent=None,
                )
            except InvalidCredentials:
                if number >= WARM_UP:
                    measured[kind, "elapsed"].append(time.perf_counter() - elapsed)
                    measured[kind, "processor"].append(time.process_time() - processor)
    services.close()
    await database.close()
    assert all(len(values) == rounds for values in measured.values())
    return measured


async def _logins(database: Database, services: IdentityServices, count: int) -> dict[str, list[str]]:
    """Creates the users; one hash is enough for all of them."""
    known, without = [f"known_{n}" for n in range(count)], [f"without_{n}" for n in range(count)]
    await make_people(database, known + without, SECRET)
    hashed = await services.passwords.hash("violet-harbour-19")
    async with database.write() as session:
        await session.execute("update users set password_hash = $1 where username = any($2)", hashed, known)
    return {UNKNOWN: [f"nobody_{n}" for n in range(count)], KNOWN: known, WITHOUT: without}


if __name__ == "__main__":
    main()
