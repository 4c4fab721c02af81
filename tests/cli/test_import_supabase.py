"""`pocketpay import-supabase` as an operator meets it: a process, killed at any moment and started again."""

import asyncio
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

import pocketpay
from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from pocketpay.importing.move_in import PEOPLE_AT_ONCE
from pocketpay.operations import audit
from tests.conftest import Dsns
from tests.importing.exports import csv_file, person

SECONDS = 60.0
PEOPLE = 4_000
CENTS = 100 * PEOPLE * (PEOPLE + 1) // 2 + 50 * PEOPLE

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def lasting(cluster_home: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that writes what it says it has written: the verb refuses any other."""
    with EmbeddedPostgres(cluster_home / "imports", system_home=cluster_home / "home") as postgres:
        yield postgres


@pytest.fixture
def dsns(lasting: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Dsns]:
    """A fresh, migrated database in it."""
    name = f"import_{abs(hash(request.node.name)) % 10_000}"
    asyncio.run(_execute(lasting.dsn(OWNER, "postgres"), f"create database {name} owner {OWNER}"))
    made = Dsns(server=lasting.dsn(LOGIN, name), owner=lasting.dsn(OWNER, name))
    asyncio.run(migrations.upgrade(made.owner, made.server))
    yield made
    asyncio.run(_execute(lasting.dsn(OWNER, "postgres"), f"drop database {name} with (force)"))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def start(dsns: Dsns, tmp_path: Path) -> Iterator[Start]:
    """Starts the verb over this test's database; kills what a test leaves running."""
    started: list[subprocess.Popen[str]] = []

    def starter(*arguments: str, **streams: int) -> "subprocess.Popen[str]":
        here = [str(Path(pocketpay.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        process = subprocess.Popen(
            [sys.executable, "-m", "pocketpay", "import-supabase", *arguments],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(filter(None, here)),
                "DATABASE_URL": dsns.server,
                "TERM": "xterm",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=streams.get("stderr", subprocess.PIPE),
            text=True,
        )
        started.append(process)
        return process

    yield starter
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


def asked(dsns: Dsns, question: str) -> int:
    async def ask() -> int:
        connection = await asyncpg.connect(dsns.owner)
        try:
            count: int = await connection.fetchval(question)
            return count
        finally:
            await connection.close()

    return asyncio.run(ask())


def audited(dsns: Dsns) -> str:
    said = io.StringIO()
    asyncio.run(audit.report(dsns.server, said))
    return said.getvalue()


def test_import_killed_again_and_again_goes_on_where_it_stopped(start: Start, dsns: Dsns, tmp_path: Path) -> None:
    file = csv_file(tmp_path, *(person(n) for n in range(1, PEOPLE + 1)))
    reached = 0
    for _ in range(3):
        process, before = start(str(file)), reached
        deadline = time.monotonic() + SECONDS
        while (reached := asked(dsns, "select count(*) from users")) == before:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
        process.kill()
        process.wait(10)
        assert "books are right" in audited(dsns)
    assert 3 * PEOPLE_AT_ONCE <= reached < PEOPLE, "it was never killed in the middle"
    out, err = start(str(file)).communicate(timeout=SECONDS)
    assert err == ""
    assert "0 lines are wrong" in out
    assert asked(dsns, "select count(*) from users") == PEOPLE
    assert asked(dsns, "select count(*) from transactions where description = 'Opening balance'") == PEOPLE
    assert asked(dsns, "select sum(posted)::bigint from ledger_accounts where kind = 'wallet'") == CENTS
    assert asked(dsns, "select -sum(amount)::bigint from ledger_entries where kind = 'bank'") == CENTS
    assert "books are right" in audited(dsns)
    again = start(str(file))
    assert "0 people moved in; 0 opening balances posted." in again.communicate(timeout=SECONDS)[0]
    assert again.returncode == 0


def test_what_is_wrong_ends_with_one_and_a_file_that_is_none_with_a_sentence(start: Start, tmp_path: Path) -> None:
    process = start(str(csv_file(tmp_path, person(1), person(2, username="a!"))), "--dry-run")
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err) == (1, "")
    assert out.splitlines()[0].startswith('people.csv:3: username "a!": must have 3 to 30 characters')
    hostile = tmp_path / "hostile.csv"
    hostile.write_bytes(os.urandom(100_000))
    process = start(str(hostile))
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)


def test_bar_moves_on_a_terminal(start: Start, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = start(str(csv_file(tmp_path, *(person(n) for n in range(1, 601)))), stderr=theirs)
    os.close(theirs)
    out, _ = process.communicate(timeout=SECONDS)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert process.returncode == 0, out
    for stage in ("reading", "judging", "moving in"):
        assert stage in shown
