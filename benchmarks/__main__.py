"""`make bench`: measures all cases in one run, audits the books afterwards, and writes one table.

    python -m benchmarks [--rounds 3] [--seconds 4] [--out docs/benchmarks.md]
    python -m benchmarks --against COMMIT           compares two versions of Pocket Pay instead: see `against`
    python -m benchmarks attacks                    the delays of a customer during an attack: see `attacks`
    python -m benchmarks workers [--workers 2]      several workers beside one process: see `workers`
    python -m benchmarks sockets                    the memory of idle websockets: see `idle_sockets`
    python -m benchmarks pushes                     the rate and the delay of pushes: see `push_delay`

Each round measures every case once, one after another, so that other load on the machine affects all cases alike. The
figures are medians over the rounds, with the smallest and the largest value. Before the first round, every load runs
once without being measured. Needs `wrk` (Debian: apt-get install wrk).
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

from benchmarks import against, attacks, chart, idle_sockets, push_delay, servers, workers, wrk
from benchmarks.clearing import transfers_per_second
from benchmarks.errors import BenchmarkError
from benchmarks.peers import ledger
from benchmarks.peers import servers as peers
from benchmarks.population import (
    Person,
    add_history,
    fund,
    make_first_payments,
    make_people,
    open_clearing,
    payees_of,
    payment,
)
from benchmarks.servers import NO_LIMITS
from benchmarks.table import Case, Measured, machine, write_table
from pocketpay.database import migrations
from pocketpay.database.embedded import secret_key
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Database
from pocketpay.operations import audit
from pocketpay.settings import SecretKeys, Settings

PEOPLE = 2_000
HISTORIES = (10, 100_000)
MANY_CLIENTS = 32
CLIENTS = (1, MANY_CLIENTS)
BATCHES = (1, 10, 100)

WARM_UP_SECONDS = 3
"""Duration of each load before the measurement. It opens connections, and fills plan caches and the servers'
caches."""

Run = Callable[[], tuple[float, float, float]]
"""Runs one case. Returns the responses per second, and the median and 99th percentile of latency in milliseconds."""


def main() -> None:
    """Runs the benchmark that the command line names, and writes its table."""
    arguments = _arguments()
    if arguments.what == "attacks":
        attacks.run(arguments.out)
        return
    if arguments.what == "sockets":
        idle_sockets.run_and_print()
        return
    if arguments.what == "pushes":
        push_delay.run_and_print()
        return
    if shutil.which("wrk") is None:
        raise SystemExit("benchmarks need wrk: apt-get install wrk")
    try:
        if arguments.what == "workers":
            workers.compare(arguments.workers, rounds=arguments.rounds, seconds=arguments.seconds)
        elif arguments.against is None:
            _measure_all(arguments)
        else:
            against.compare(arguments.against, rounds=arguments.rounds, seconds=arguments.seconds, out=arguments.out)
    except BenchmarkError as error:
        raise SystemExit(str(error)) from None


def _measure_all(arguments: argparse.Namespace) -> None:
    """Measures Pocket Pay, the reference backend and the peers, each on a PostgreSQL of its own: one has too few
    connections for all."""
    home = Path(tempfile.mkdtemp(prefix="pocketpay-bench-"))
    home.chmod(0o755)
    try:
        with (
            EmbeddedPostgres(home / "data") as postgres,
            EmbeddedPostgres(home / "reference") as for_reference,
            EmbeddedPostgres(home / "peers") as for_peers,
        ):
            _measure(postgres, for_reference, for_peers.owner_dsn, home, arguments)
    finally:
        shutil.rmtree(home)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("what", nargs="?", choices=["all", "attacks", "workers", "sockets", "pushes"], default="all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=None, help="of each window: 4, or 2 with --against")
    parser.add_argument("--workers", type=int, default=2, help="of the server that is compared with one process")
    parser.add_argument("--against", metavar="COMMIT", help="compare this checkout with another commit instead")
    parser.add_argument(
        "--out",
        type=Path,
        default=None,
        help="a Markdown file to write the table into, with a chart beside it: docs/benchmarks.md",
    )
    arguments = parser.parse_args()
    if arguments.seconds is None:
        arguments.seconds = 4 if arguments.against is None else 2
    return arguments


def _measure(
    postgres: EmbeddedPostgres,
    for_reference: EmbeddedPostgres,
    peers_dsn: str,
    home: Path,
    arguments: argparse.Namespace,
) -> None:
    asyncio.run(migrations.upgrade(postgres.owner_dsn, postgres.server_dsn))
    secret = secret_key.read_or_create(home / "data")
    people, short, long, pair = uvloop.run(_populate(postgres.server_dsn, (secret,)))
    ours = _targets(home / "ours.tsv", people)
    histories = [_targets(home / f"ours_{n}.tsv", [p]) for n, p in zip(HISTORIES, (short, long), strict=True)]
    reference_dsn = uvloop.run(_reference_database(for_reference))
    theirs, their_histories = _reference_people(reference_dsn, home)
    uvloop.run(ledger.make(peers_dsn, PEOPLE))
    accounts = ledger.write_targets(home / "peers.tsv", PEOPLE)

    measured: dict[Case, Measured] = {}
    with (
        contextlib.ExitStack() as stack,
        servers.pocketpay(home / "data") as (port, _),
        servers.pocketpay(home / "data", RAPID_TRANSFER_ACTION="off") as (hot_port, _),
        servers.bare() as bare_port,
        servers.reference(reference_dsn) as reference_port,
        servers.pocketpay(home / "data", workers=2) as (two_port, _),
        servers.reference(reference_dsn, workers=2) as reference_two_port,
    ):
        side_by_side = (
            ("bare JSON endpoint", bare_port, "bare", ours),
            ("transfer, Pocket Pay through GraphQL", port, "transfer", ours),
            ("transfer, reference backend", reference_port, "reference_transfer", theirs),
            ("balance, Pocket Pay through GraphQL", port, "balance", ours),
            ("balance, reference backend", reference_port, "reference_balance", theirs),
        )
        cases: list[tuple[Case, Run]] = [
            (Case(label, clients), _wrk(target, load, targets, clients, arguments.seconds))
            for clients in CLIENTS
            for label, target, load, targets in side_by_side
        ]
        beside = [
            (f"{what}, {label}", target, f"peer_{what}", accounts)
            for label, target in _peers(peers_dsn, stack)
            for what in ("transfer", "balance")
        ]
        two_people = _targets(home / "pair.tsv", pair, pair[::-1])
        two_accounts = ledger.write_pair(home / "peers_pair.tsv")
        beside += [
            ("transfer between two people, Pocket Pay", hot_port, "transfer", two_people),
            *(
                ("transfer between two people, Mercurius", target, load, two_accounts)
                for label, target, load, _ in beside
                if label == "transfer, Mercurius"
            ),
        ]
        cases += [
            (Case(label, MANY_CLIENTS), _wrk(target, load, targets, MANY_CLIENTS, arguments.seconds))
            for label, target, load, targets in beside
        ]
        in_two_processes = (
            ("transfer, Pocket Pay, two processes", two_port, "transfer", ours),
            ("transfer, reference backend, two processes", reference_two_port, "reference_transfer", theirs),
            ("balance, Pocket Pay, two processes", two_port, "balance", ours),
            ("balance, reference backend, two processes", reference_two_port, "reference_balance", theirs),
        )
        cases += [
            (Case(label, MANY_CLIENTS), _wrk(target, load, targets, MANY_CLIENTS, arguments.seconds))
            for label, target, load, targets in in_two_processes
        ]
        for length, mine, their in zip(HISTORIES, histories, their_histories, strict=True):
            label = f"balance with {length:,} entries"
            cases.append((Case(f"{label}, Pocket Pay", 1), _wrk(port, "balance", mine, 1, arguments.seconds)))
            run = _wrk(reference_port, "reference_balance", their, 1, arguments.seconds)
            cases.append((Case(f"{label}, reference backend", 1), run))
        cases += [
            (
                Case("clearing alone, in process", batch),
                _clearing_run(postgres.server_dsn, people, batch, arguments.seconds),
            )
            for batch in BATCHES
        ]
        for _, target, load, targets in (*side_by_side, *beside, *in_two_processes):
            _wrk(target, load, targets, MANY_CLIENTS, WARM_UP_SECONDS)()
        for number in range(arguments.rounds):
            for case, run in cases:
                measured.setdefault(case, Measured()).add(*run())
                print(
                    f"round {number + 1}: {case.label}, {case.clients}: {measured[case].rates[-1]:.0f}/s", flush=True
                )
    verdict = asyncio.run(audit.report(postgres.server_dsn))
    if verdict:
        raise SystemExit(verdict)
    uvloop.run(ledger.check(peers_dsn, PEOPLE))
    write_table(measured, arguments.out, rounds=arguments.rounds, seconds=arguments.seconds)
    if arguments.out is not None:
        arguments.out.with_suffix(".svg").write_text(chart.draw(measured, machine()))


async def _populate(dsn: str, secret_keys: SecretKeys) -> tuple[list[Person], Person, Person, list[Person]]:
    database = await Database.open(dsn)
    settings = Settings(new_recipient_action="off", rapid_transfer_action="off", **NO_LIMITS)
    names = [f"person_{n}" for n in range(PEOPLE)]
    people = await make_people(database, names, secret_keys)
    short, long, other = await make_people(database, ["short", "long_history", "other"], secret_keys)
    pair = await make_people(database, ["pair_one", "pair_two"], secret_keys)
    clearing = await open_clearing(database, settings)
    await fund(clearing, [*people, short, long, other, *pair])
    await make_first_payments(clearing, people)
    for payer, payee in (pair, pair[::-1]):
        await clearing.submit(payment(payer, payee, "first-of-the-pair"))
    for person, length in zip((short, long), HISTORIES, strict=True):
        await add_history(clearing, person, other, length - 1)
    await clearing.close()
    await database.close()
    return people, short, long, pair


def _clearing_run(dsn: str, people: list[Person], callers: int, seconds: int) -> Run:
    """A run of the clearing without HTTP, in this process. Its latencies are 0: they are not measured."""
    return lambda: (uvloop.run(_clearing(dsn, people, callers, seconds)), 0.0, 0.0)


async def _clearing(dsn: str, people: list[Person], callers: int, seconds: float) -> float:
    database = await Database.open(dsn)
    settings = Settings(rapid_transfer_count=1000, rapid_transfer_window_minutes=1, **NO_LIMITS)
    clearing = await open_clearing(database, settings)
    try:
        return await transfers_per_second(clearing, people, callers, seconds)
    finally:
        await clearing.close()
        await database.close()


def _peers(dsn: str, stack: contextlib.ExitStack) -> list[tuple[str, int]]:
    """Starts the peers until the stack closes. Returns their labels and ports."""
    found = [
        ("Strawberry", stack.enter_context(peers.strawberry(dsn, cached=False))),
        ("Strawberry with its caches", stack.enter_context(peers.strawberry(dsn, cached=True))),
    ]
    if peers.install_mercurius():
        found.append(("Mercurius", stack.enter_context(peers.mercurius(dsn))))
    return found


async def _reference_database(postgres: EmbeddedPostgres) -> str:
    database = Database(postgres.owner_dsn)
    connection = await database.connect("benchmarks")
    await connection.execute("create database reference")
    await connection.close()
    return postgres.dsn("pocketpay_owner", "reference")


def _reference_people(dsn: str, home: Path) -> tuple[Path, list[Path]]:
    url = dsn.replace("postgresql://", "postgresql+asyncpg://", 1)
    made = subprocess.run(
        [sys.executable, "population.py", str(PEOPLE)],
        cwd=servers.HERE / "reference",
        env={**os.environ, "DATABASE_URL": url},
        check=True,
        capture_output=True,
    )
    made_people = json.loads(made.stdout)
    people = made_people["people"]
    everybody = home / "reference.tsv"
    with everybody.open("w") as out:
        for number, person in enumerate(people):
            payees = ",".join(people[(number + step) % len(people)]["wallet"] for step in range(1, 6))
            out.write(f"{person['wallet']}\t{person['token']}\t{payees}\n")
    histories = []
    for length, person in zip(HISTORIES, made_people["histories"], strict=True):
        path = home / f"reference_{length}.tsv"
        path.write_text(f"{person['wallet']}\t{person['token']}\t\n")
        histories.append(path)
    return everybody, histories


def _targets(path: Path, people: list[Person], payees: list[Person] | None = None) -> Path:
    """Writes a line for each person: the username, the token, and whom they pay: one of `payees` each, if given."""
    with path.open("w") as out:
        for number, person in enumerate(people):
            paid = payees_of(people, number) if payees is None else [payees[number]]
            names = ",".join(payee.username for payee in paid)
            out.write(f"{person.username}\t{person.token}\t{names}\n")
    return path


def _wrk(port: int, load: str, targets: Path, clients: int, seconds: int) -> Run:
    """A run of wrk. A failed request ends the benchmark, because it must not count as throughput."""

    def run() -> tuple[float, float, float]:
        answers = wrk.run(port, load, targets, clients, seconds)
        return answers.per_second, answers.median_ms, answers.p99_ms

    return run


if __name__ == "__main__":
    main()
