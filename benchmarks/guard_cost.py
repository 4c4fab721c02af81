"""Measures the cost of the ledger's guard trigger per transfer: `python -m benchmarks.guard_cost`.

It takes one or two minutes and uses its own PostgreSQL cluster. The clearing executes the same units of work, with 32
transfers each, under four variants, each in every round:

    the chain's guard     as shipped: one statement-level trigger that checks zero sums and the chain of entries
    zero sums alone       the same trigger without the check of the chain
    no guard              the trigger is dropped; constraints and foreign keys stay
    each row, deferred    no statement trigger; a deferred constraint trigger for each row checks zero sums

The figures are medians over units, then over rounds: elapsed time, PostgreSQL's processor time, and the time of each
trigger and foreign key in the unit's write statement, from EXPLAIN ANALYZE. The median excludes units that other work
on the machine disturbed. EXPLAIN ANALYZE does not measure deferred triggers.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import uuid_utils.compat as uuids

from benchmarks.population import Person, fund, make_people, open_clearing, payment
from pocketpay.clearing.progress import Progress
from pocketpay.clearing.queue import PLANNER_SETTINGS, Clearing
from pocketpay.clearing.unit import carry_out
from pocketpay.database import migrations
from pocketpay.database.connecting import TIMEOUTS
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Database, connect
from pocketpay.operations import audit
from pocketpay.payments.transfer import Transfer
from pocketpay.risk.rule import RuleAction
from pocketpay.settings import Settings

BATCH = 32
PEOPLE = 1_000
UNITS = 120
WARM_UP_UNITS = 5
"""Number of units before the measurement: a changed trigger invalidates the cached plans."""

FUNCTION_HEAD = "create or replace function ledger_entries_guard() returns trigger language plpgsql as $$\n"
ZERO_SUMS = f"""{FUNCTION_HEAD}
declare
    broken uuid;
begin
    select transaction_id into broken from fresh
    group by transaction_id, currency having sum(amount) <> 0 limit 1;
    if found then
        raise exception 'the entries of transaction % do not sum to zero', broken;
    end if;
    return null;
end $$
"""
EACH_ROW = """
create or replace function zero_sum_of_row() returns trigger language plpgsql as $$
begin
    if (select sum(amount) from ledger_entries where transaction_id = new.transaction_id) <> 0 then
        raise exception 'the entries of transaction % do not sum to zero', new.transaction_id;
    end if;
    return null;
end $$;
create constraint trigger zero_sum_of_row after insert on ledger_entries
    deferrable initially deferred for each row execute function zero_sum_of_row()
"""
AS_SHIPPED = "the chain's guard"


@dataclass(frozen=True)
class Guard:
    """The guard as the migrations created it: the SQL that restores its function and its trigger."""

    function: str
    trigger: str

    @classmethod
    async def of(cls, owner: "asyncpg.Connection[asyncpg.Record]") -> "Guard":
        return cls(
            await owner.fetchval("select pg_get_functiondef('ledger_entries_guard'::regproc)"),
            await owner.fetchval(
                "select pg_get_triggerdef(oid) from pg_trigger where tgname = 'ledger_entries_guard'"
            ),
        )

    @property
    def variants(self) -> dict[str, str]:
        """The SQL that creates each variant after the others were dropped."""
        triggered = f"{self.trigger}; alter table ledger_entries enable always trigger ledger_entries_guard"
        return {
            AS_SHIPPED: f"{self.function}; {triggered}",
            "zero sums alone": f"{ZERO_SUMS}; {triggered}",
            "no guard": "select 1",
            "each row, deferred": EACH_ROW,
        }


DROP_GUARDS = """
drop trigger if exists ledger_entries_guard on ledger_entries;
drop trigger if exists zero_sum_of_row on ledger_entries
"""


@dataclass
class Costs:
    """Microseconds per transfer, one value per round: elapsed time, processor time, and the time of each trigger by
    its name."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    triggers: dict[str, list[float]] = field(default_factory=dict)


class ExplainingConnection:
    """A connection that runs each write statement with EXPLAIN ANALYZE and collects the times of its triggers."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self.triggers: dict[str, list[float]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, sql: str, *arguments: object) -> str:
        if not arguments:
            return await self._connection.execute(sql)
        [plan] = json.loads(await self._connection.fetchval(f"explain (analyze, format json) {sql}", *arguments))
        for trigger in plan["Triggers"]:
            name = trigger.get("Constraint Name", trigger["Trigger Name"])
            self.triggers.setdefault(name, []).append(trigger["Time"] * 1e3 / BATCH)
        return "EXPLAIN"


async def measure(server_dsn: str, owner_dsn: str, rounds: int) -> dict[str, Costs]:
    """Measures every variant in each round, in random order. At the end it restores the guard."""
    database = await Database.open(server_dsn)
    owner = await asyncpg.connect(owner_dsn)
    settings = Settings(
        large_transfer_action=RuleAction.OFF,
        new_recipient_action=RuleAction.OFF,
        rapid_transfer_action=RuleAction.OFF,
    )
    people = await make_people(database, [f"person_{n}" for n in range(PEOPLE)], bytes(32))
    clearing = await open_clearing(database, settings)
    await fund(clearing, people)
    guard = await Guard.of(owner)
    costs = {variant: Costs() for variant in guard.variants}
    for number in range(rounds):
        order = list(guard.variants.items())
        random.shuffle(order)
        for variant, statements in order:
            await owner.execute(DROP_GUARDS)
            await owner.execute(statements)
            await _round(clearing, server_dsn, people, costs[variant])
        print(f"round {number + 1} of {rounds}", flush=True)
    await owner.execute(DROP_GUARDS)
    await owner.execute(guard.variants[AS_SHIPPED])
    await clearing.close()
    await owner.close()
    await database.close()
    return costs


async def _round(clearing: Clearing, dsn: str, people: list[Person], costs: Costs) -> None:
    """Measures UNITS units on a new connection, and the same number again with EXPLAIN ANALYZE."""
    connection = await connect(dsn, settings={**TIMEOUTS, **PLANNER_SETTINGS})
    clocks, processors = [], []
    for _ in range(WARM_UP_UNITS + UNITS):
        instructions = _payments(people)
        started, spent = time.perf_counter(), _processor(connection)
        await carry_out(connection, instructions, clearing.terms, clearing.house, Progress())
        clocks.append((time.perf_counter() - started) * 1e6 / BATCH)
        processors.append((_processor(connection) - spent) / 1e3 / BATCH)
    costs.clock.append(statistics.median(clocks[WARM_UP_UNITS:]))
    costs.processor.append(statistics.median(processors[WARM_UP_UNITS:]))
    explaining: Any = ExplainingConnection(connection)
    for _ in range(WARM_UP_UNITS + UNITS):
        await carry_out(explaining, _payments(people), clearing.terms, clearing.house, Progress())
    for name, times in explaining.triggers.items():
        costs.triggers.setdefault(name, []).append(statistics.median(times[WARM_UP_UNITS:]))
    connection.terminate()


def _payments(people: list[Person]) -> list[Transfer]:
    return [payment(*random.sample(people, 2), uuids.uuid7().hex) for _ in range(BATCH)]


def _processor(connection: "asyncpg.Connection[asyncpg.Record]") -> int:
    """The processor time of the connection's server process, in nanoseconds."""
    return int(Path(f"/proc/{connection.get_server_pid()}/schedstat").read_text().split()[0])


def tables(costs: dict[str, Costs]) -> str:
    """Two Markdown tables: the medians of each variant, and the times of the triggers and foreign keys as shipped."""
    lines = [
        f"| microseconds per transfer, batch {BATCH} | elapsed | PostgreSQL processor | trigger |",
        "|---|--:|--:|--:|",
    ]
    for variant, cost in costs.items():
        own = cost.triggers.get("ledger_entries_guard")
        trigger = "–" if own is None else f"{statistics.median(own):.1f}"
        clock, processor = statistics.median(cost.clock), statistics.median(cost.processor)
        lines.append(f"| {variant} | {clock:.1f} | {processor:.1f} | {trigger} |")
    lines += ["", "| of that, triggers and foreign keys as shipped | |", "|---|--:|"]
    for name, times in costs[AS_SHIPPED].triggers.items():
        lines.append(f"| `{name}` | {statistics.median(times):.1f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the cost of the ledger's guard trigger per transfer.")
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds, 3 to 50")
    rounds = min(max(parser.parse_args().rounds, 3), 50)
    with tempfile.TemporaryDirectory(prefix="pocketpay-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the operating system user of PostgreSQL needs access too
        with EmbeddedPostgres(home / "data", system_home=home / "home") as postgres:
            asyncio.run(migrations.upgrade(postgres.owner_dsn, postgres.server_dsn))
            costs = asyncio.run(measure(postgres.server_dsn, postgres.owner_dsn, rounds))
            verdict = asyncio.run(audit.report(postgres.server_dsn))
    print(tables(costs))
    raise SystemExit(verdict)


if __name__ == "__main__":
    main()
