"""Reads PostgreSQL's generic plan of a statement, which a server uses after the first executions."""

from collections.abc import Iterable
from typing import Any

import orjson
from asyncpg import Connection, Record

INDEXED = {"Index Scan", "Index Only Scan"}


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
