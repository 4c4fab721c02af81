"""Measures what the database's guards and foreign keys cost per transfer: `python -m benchmarks.guard_cost`.

It takes a few minutes and uses its own PostgreSQL cluster. `guard_variants` lists the variants of the schema. Each is
a database of its own, a copy of one with people and money. The clearing executes units of 32 transfers in all of
them: one unit in each, in a new random order every time, so that other work on the machine affects all alike.

The figures are medians over the units: PostgreSQL's processor time per transfer, the difference from the variant that
a row names (of units of the same turn), and the time of each trigger and foreign key in the unit's write statement,
from EXPLAIN ANALYZE, which does not measure deferred triggers.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.guard_variants import AS_SHIPPED, Variant, guard_variants, key_variants
from benchmarks.population import Person, fund, make_people, open_clearing, payment
from benchmarks.servers import NO_LIMITS
from pocketpay.clearing.lane import PLANNER_SETTINGS
from pocketpay.clearing.progress import Progress
from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.unit import carry_out
from pocketpay.database import migrations, uuids
from pocketpay.database.connecting import TIMEOUTS
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from pocketpay.database.sessions import Database, connect
from pocketpay.ledger.repository.postings import PREPARE_LOCK
from pocketpay.operations import audit
from pocketpay.payments.transfer import Transfer
from pocketpay.risk.rule import RuleAction
from pocketpay.settings import Settings

BATCH = 32
PEOPLE = 1_000
WARM_UP_UNITS = 10
"""Number of units before the measurement: the statements and the triggers' queries are planned in the first ones."""

QUESTIONS = {"guard": guard_variants, "keys": key_variants}


@dataclass
class Costs:
    """Microseconds per transfer, one value per unit: processor time, and the time of each trigger by its name."""

    processor: list[float] = field(default_factory=list)
    triggers: dict[str, list[float]] = field(default_factory=dict)


class ExplainingConnection:
    """A connection that runs each write statement with EXPLAIN ANALYZE and collects the times of its triggers."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", triggers: dict[str, list[float]]) -> None:
        self._connection = connection
        self._triggers = triggers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, sql: str, *arguments: object, **options: Any) -> str:
        if not arguments:
            return await self._connection.execute(sql, **options)
        [plan] = json.loads(await self._connection.fetchval(f"explain (analyze, format json) {sql}", *arguments))
        for trigger in plan["Triggers"]:
            name = trigger.get("Constraint Name", trigger["Trigger Name"])
            self._triggers.setdefault(name, []).append(trigger["Time"] * 1e3 / BATCH)
        return "EXPLAIN"


async def measure(postgres: EmbeddedPostgres, variants: list[Variant], units: int) -> dict[str, Costs]:
    """Measures the variants, which take turns unit by unit."""
    await migrations.upgrade(postgres.owner_dsn, postgres.server_dsn)
    database = await Database.open(postgres.server_dsn)
    settings = Settings(
        large_transfer_action=RuleAction.OFF,
        new_recipient_action=RuleAction.OFF,
        rapid_transfer_action=RuleAction.OFF,
        **NO_LIMITS,
    )
    people = await make_people(database, [f"person_{n}" for n in range(PEOPLE)], (bytes(32),))
    clearing = await open_clearing(database, settings)
    await fund(clearing, people)
    await clearing.close()
    await database.close()
    connections = {
        variant.name: await _opened(postgres, f"variant_{number}", variant) for number, variant in enumerate(variants)
    }
    costs = {name: Costs() for name in connections}
    for turn in range(WARM_UP_UNITS + units):
        for name in random.sample(list(connections), len(connections)):
            spent = await _processor_time_of_a_unit(connections[name], clearing, people)
            if turn >= WARM_UP_UNITS:
                costs[name].processor.append(spent)
        if turn % 50 == 0:
            print(f"turn {turn} of {WARM_UP_UNITS + units}", flush=True)
    for name, connection in connections.items():
        explaining: Any = ExplainingConnection(connection, costs[name].triggers)
        for _ in range(WARM_UP_UNITS + units // 4):
            await carry_out(explaining, _payments(people), clearing.terms, clearing.house, Progress())
        connection.terminate()
    return costs


async def _opened(
    postgres: EmbeddedPostgres, database: str, variant: Variant
) -> "asyncpg.Connection[asyncpg.Record]":
    """Copies the database, makes the variant of the copy, and returns a connection like the clearing's."""
    administrator = await asyncpg.connect(postgres.dsn(OWNER, "postgres"))
    await administrator.execute(f"create database {database} template pocketpay")
    await administrator.close()
    owner = await asyncpg.connect(postgres.dsn(OWNER, database))
    if variant.sql:
        await owner.execute(variant.sql)
    await owner.execute("vacuum analyze")
    await owner.close()
    settings = {**TIMEOUTS, **PLANNER_SETTINGS}
    return await connect(postgres.dsn(LOGIN, database), settings=settings, prepared=(PREPARE_LOCK,))


async def _processor_time_of_a_unit(
    connection: "asyncpg.Connection[asyncpg.Record]", clearing: Clearing, people: list[Person]
) -> float:
    """Executes a unit. Returns the processor time of its server process in microseconds per transfer."""
    instructions, before = _payments(people), _processor(connection)
    await carry_out(connection, instructions, clearing.terms, clearing.house, Progress())
    return (_processor(connection) - before) / 1e3 / BATCH


def _payments(people: list[Person]) -> list[Transfer]:
    return [payment(*random.sample(people, 2), uuids.uuid7().hex) for _ in range(BATCH)]


def _processor(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """The processor time of the connection's server process, in nanoseconds."""
    return int(Path(f"/proc/{connection.get_server_pid()}/schedstat").read_text().split()[0])


def tables(variants: list[Variant], costs: dict[str, Costs]) -> str:
    """Two Markdown tables: each variant with its difference from its base, and the triggers of each variant."""
    lines = [
        f"| µs per transfer, batch {BATCH} | processor | difference | from |",
        "|---|--:|--:|---|",
    ]
    for variant in variants:
        own = costs[variant.name].processor
        row = f"| {variant.name} | {statistics.median(own):.1f} |"
        if variant.base not in costs or variant.base == variant.name:
            lines.append(f"{row} | |")
            continue
        pairs = zip(own, costs[variant.base].processor, strict=True)
        lines.append(f"{row} {statistics.median(one - base for one, base in pairs):+.1f} | {variant.base} |")
    lines += ["", "| of that, triggers and foreign keys | " + " | ".join(f"{v.name}" for v in variants) + " |"]
    lines.append("|---|" + "--:|" * len(variants))
    for name in sorted({name for cost in costs.values() for name in cost.triggers}):
        medians = (costs[variant.name].triggers.get(name) for variant in variants)
        cells = ("–" if times is None else f"{statistics.median(times):.1f}" for times in medians)
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures what guards and foreign keys cost per transfer.")
    parser.add_argument("question", choices=QUESTIONS, nargs="?", default="keys", help="which variants to compare")
    parser.add_argument("--units", type=int, default=300, help="number of units of each variant, 50 to 5000")
    asked = parser.parse_args()
    variants, units = QUESTIONS[asked.question](), min(max(asked.units, 50), 5_000)
    with tempfile.TemporaryDirectory(prefix="pocketpay-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the operating system user of PostgreSQL needs access too
        with EmbeddedPostgres(home / "data", system_home=home / "home") as postgres:
            costs = asyncio.run(measure(postgres, variants, units))
            shipped = [variant.name for variant in variants].index(AS_SHIPPED)
            verdict = asyncio.run(audit.report(postgres.dsn(LOGIN, f"variant_{shipped}")))
    print(tables(variants, costs))
    raise SystemExit(verdict)


if __name__ == "__main__":
    main()
