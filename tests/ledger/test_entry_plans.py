"""The query plans for a wallet's entries: index scans that read only the result, for histories of any length."""

import asyncio
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Session
from pocketpay.ledger.repository import entries as repository
from pocketpay.ledger.repository.postings import ensure_house_accounts
from pocketpay.transactions.repository import statement as lines
from tests.conftest import Dsns, fresh_copy
from tests.ledger.posted import many_lines, post
from tests.plans import INDEXED, explained, nodes, rows_read, scans
from tests.transactions.past import NOON, people

MANY = 10_000
PAGE = 21
KINDS = ["empty", "fresh", "large"]


@pytest.fixture(scope="module", params=KINDS)
def filled(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[tuple[Dsns, UUID]]:
    """A database with a wallet that has no entries, some without planner statistics, or many with statistics."""
    with fresh_copy(postgres) as dsns:
        yield dsns, asyncio.run(_fill(dsns.owner, request.param))


async def _fill(dsn: str, kind: str) -> UUID:
    owner = await asyncpg.connect(dsn)
    try:
        await ensure_house_accounts(Session(owner), ["USD"])
        mine, other = await people(owner, *(f"p{uuids.uuid7().hex[12:]}" for _ in range(2)))
        if kind != "empty":
            await post(owner, many_lines(mine, other, 500 if kind == "fresh" else MANY))
        if kind == "large":
            await owner.execute("analyze")
    finally:
        await owner.close()
    return mine


@pytest.fixture(scope="module")
def module_dsn(filled: tuple[Dsns, UUID]) -> Dsns:
    return filled[0]


@pytest.fixture
def wallet(filled: tuple[Dsns, UUID]) -> UUID:
    return filled[1]


async def read(owner: "Connection[Record]", sql: str, types: str, *arguments: object) -> list[dict[str, Any]]:
    """Explains the query. Returns the plan steps that read entries, which must use an index."""
    steps = scans(await explained(owner, sql, types, *arguments), "ledger_entries", "transactions", "users")
    assert {step["Node Type"] for step in steps} <= INDEXED
    return steps


@pytest.mark.parametrize("sql", [repository._NEWEST_FIRST, repository._OLDEST_FIRST])
async def test_a_page_reads_only_its_own_rows(owner: "Connection[Record]", wallet: UUID, sql: str) -> None:
    for newer_than, older_than in ((0, 2**63 - 1), (MANY // 2, MANY), (0, MANY // 2)):
        plan = await explained(owner, sql, "uuid, bigint, bigint, int", wallet, newer_than, older_than, PAGE)
        assert {step["Index Name"] for step in scans(plan, "ledger_entries")} == {
            "uq_ledger_entries_account_sequence"
        }
        assert rows_read(scans(plan, "ledger_entries")) <= PAGE
        assert not [node for node in nodes(plan) if "Sort" in node["Node Type"]]


async def test_balances_at_given_times_are_found_by_binary_search(owner: "Connection[Record]", wallet: UUID) -> None:
    chance = random.Random("halving")
    moments = [NOON + timedelta(hours=chance.randrange(-2_000, 2_000)) for _ in range(4)]
    said = "{" + ",".join(moment.isoformat() for moment in moments) + "}"
    steps = await read(owner, repository._POINTS, "uuid, timestamptz[]", wallet, said)
    assert rows_read(steps) <= len(moments) * (MANY.bit_length() + 1)


async def test_totals_read_their_range_and_look_up_fees_of_outgoing_entries_only(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    steps = await read(owner, repository._TOTALS, "uuid, bigint, bigint, int", wallet, 100, 400, 300)
    assert rows_read(steps) <= 300
    assert sum(step["Actual Loops"] for step in steps if step["Alias"] == "f") <= 150 + 1


async def test_the_lines_of_a_statement_are_read_by_key_in_ledger_order(
    module_dsn: Dsns, owner: "Connection[Record]", wallet: UUID
) -> None:
    reader = await asyncpg.connect(module_dsn.server, server_settings=lines.PLANNER_SETTINGS)
    plan = await explained(reader, lines._LINES, "uuid, bigint, bigint", wallet, 100, 400)
    steps = scans(plan, "ledger_entries", "transactions", "users")
    await reader.close()
    assert {step["Node Type"] for step in steps} <= INDEXED
    assert rows_read(steps) <= 3 * 300
    assert not [node for node in nodes(plan) if node["Node Type"] in ("Sort", "Hash")]
