"""Reads PostgreSQL's generic plan of a statement, which a server uses after the first executions."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from asyncpg import Connection, Record

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.databases import Dsns, lasting_copy

INDEXED = {"Index Scan", "Index Only Scan"}


@dataclass(frozen=True)
class Filled:
    """A database that the tests of a module only read, and the wallet whose rows they read."""

    dsns: Dsns
    wallet: UUID


@contextmanager
def filled_once(
    postgres: EmbeddedPostgres, fill: "Callable[[Connection[Record]], Awaitable[UUID]]"
) -> Iterator[Filled]:
    """A new database, filled by `fill`, which returns the wallet."""

    async def filling(dsn: str) -> UUID:
        owner = await asyncpg.connect(dsn)
        try:
            return await fill(owner)
        finally:
            await owner.close()

    with lasting_copy(postgres) as dsns:
        yield Filled(dsns, asyncio.run(filling(dsns.owner)))


async def explained(owner: "Connection[Record]", sql: str, types: str, *arguments: object) -> dict[str, Any]:
    """Returns the plan of the statement, with the row counts for those arguments."""
    await owner.execute("set plan_cache_mode = force_generic_plan")
    await owner.execute(f"prepare asked ({types}) as {sql}")
    said = ", ".join("null" if argument is None else f"'{argument}'" for argument in arguments)
    rows = await owner.fetch(f"explain (analyze, format json) execute asked ({said})")
    await owner.execute("deallocate asked")
    plan: dict[str, Any] = orjson.loads(rows[0][0])[0]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns every step of a plan."""
    return [plan, *(inner for child in plan.get("Plans", []) for inner in nodes(child))]


def scans(plan: dict[str, Any], *tables: str) -> list[dict[str, Any]]:
    """Returns the steps that read one of those tables."""
    return [node for node in nodes(plan) if node.get("Relation Name") in tables]


def rows_read(steps: Iterable[dict[str, Any]]) -> int:
    """Returns the rows that these steps returned or filtered out, over all loops."""
    return sum(
        round((step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) * step["Actual Loops"]) for step in steps
    )
