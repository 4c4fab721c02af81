"""Restoring a dump: the audit has the same result for the copy, and for a copy of the copy."""

import asyncio
import io
import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from pocketpay.database.embedded import programs
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from pocketpay.operations import audit
from tests.conftest import Dsns
from tests.operations.town import trade

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Backups:
    """PostgreSQL's programs, and a cluster to restore to."""

    postgres: EmbeddedPostgres
    programs: Path
    files: Path

    @contextmanager
    def copy(self, source: Dsns) -> Iterator[Dsns]:
        """Restores a dump of that database to a new database, and drops it after the block."""
        name = f"restored_{os.getpid()}_{next(_numbers)}"
        dump = self.files / name
        self._run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={source.owner}")
        asyncio.run(_on_server(self.postgres, f"create database {name} owner {OWNER}"))
        copy = Dsns(server=self.postgres.dsn(LOGIN, name), owner=self.postgres.dsn(OWNER, name))
        try:
            self._run("pg_restore", "--exit-on-error", f"--dbname={copy.owner}", str(dump))
            yield copy
        finally:
            asyncio.run(_on_server(self.postgres, f"drop database {name} with (force)"))

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *arguments], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.fixture
def backups(postgres: EmbeddedPostgres, cluster_home: Path, tmp_path: Path) -> Backups:
    return Backups(postgres, programs.find(cluster_home / "home").folder, tmp_path)


async def _on_server(postgres: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.dsn(OWNER, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def audited(dsns: Dsns) -> str:
    said = io.StringIO()
    asyncio.run(audit.report(dsns.server, said))
    return said.getvalue()


def test_the_audit_finds_nothing_in_a_restored_copy_and_in_a_copy_of_that_copy(
    backups: Backups, database_dsn: Dsns
) -> None:
    asyncio.run(trade(database_dsn))
    right = audited(database_dsn)
    assert right.startswith("The ledger is correct: "), right
    with backups.copy(database_dsn) as copy, backups.copy(copy) as copy_of_the_copy:
        for one in (copy, copy_of_the_copy):
            assert audited(one) == right


@pytest.mark.parametrize("table", ["transactions", "money_requests", "cards"])
@pytest.mark.parametrize("what", ["lifecycle", "immutable"])
def test_the_audit_finds_a_weakened_trigger_in_a_restored_copy_too(
    backups: Backups, module_dsn: Dsns, table: str, what: str
) -> None:
    with backups.copy(module_dsn) as copy:
        asyncio.run(_weaken(copy.owner, table, f"{table}_{what}"))
        assert f"{table}_{what}" in audited(copy)


async def _weaken(dsn: str, table: str, guard: str) -> None:
    """Weakens a trigger: adds a condition to its refusal."""
    connection = await asyncpg.connect(dsn)
    try:
        definition: str = await connection.fetchval(
            "select pg_get_triggerdef(oid) from pg_trigger where tgname = $1", guard
        )
        head, _, tail = definition.partition("WHEN (")
        condition, _, end = tail.rpartition(") EXECUTE")
        await connection.execute(f"drop trigger {guard} on {table}")
        await connection.execute(f"{head}WHEN (new.version > 0 and ({condition})) EXECUTE{end}")
        await connection.execute(f"alter table {table} enable always trigger {guard}")
    finally:
        await connection.close()
