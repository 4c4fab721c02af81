"""`pocketpay import-supabase` as a process, as an operator runs it: killed at any moment and started again."""

import asyncio
import io
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from pocketpay.database.embedded.readiness import DATABASE
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from pocketpay.importing.write_people import PEOPLE_AT_ONCE
from pocketpay.operations import audit
from tests import commands
from tests.commands import Command
from tests.conftest import Dsns
from tests.importing.exports import csv_file, person

SECONDS = 60.0
PEOPLE = 3_000
CENTS = 100 * PEOPLE * (PEOPLE + 1) // 2 + 50 * PEOPLE


MAIL = {
    "SMTP_HOST": "127.0.0.1",
    "SMTP_TLS": "none",
    "MAIL_FROM": "no-reply@example.com",
    "PUBLIC_URL": "https://app.example.com",
}
"""Settings of a server that sends mail. The import itself sends none."""


@dataclass(frozen=True)
class Import:
    """A running import command, and the files for its output."""

    command: Command
    out: Path
    err: Path

    def ended(self) -> tuple[int, str, str]:
        """Waits until it ends. Returns its exit code, standard output and standard error."""
        code = self.command.wait(SECONDS)
        return code, self.out.read_text(), self.err.read_text()


Start = Callable[..., Import]


@pytest.fixture
def dsns(durable: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Dsns]:
    """A fresh, migrated database in `durable`."""
    name = f"import_{abs(hash(request.node.name)) % 10_000}"
    create = f"create database {name} template {DATABASE} owner {OWNER} strategy file_copy"
    asyncio.run(_execute(durable.dsn(OWNER, "postgres"), create))
    yield Dsns(server=durable.dsn(LOGIN, name), owner=durable.dsn(OWNER, name))
    asyncio.run(_execute(durable.dsn(OWNER, "postgres"), f"drop database {name} with (force)"))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def start(dsns: Dsns, tmp_path: Path) -> Iterator[Start]:
    """Starts the command on this test's database; kills what a test leaves running."""
    started: list[Import] = []

    def starter(*arguments: str, err: Path | None = None, mail: bool = False) -> Import:
        files = tmp_path / f"import-{len(started)}"
        out, err = files.with_suffix(".out"), err or files.with_suffix(".err")
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": dsns.server, "TERM": "xterm"} | (
            MAIL if mail else {}
        )
        command = commands.start(
            "import-supabase", *arguments, folder=tmp_path, environment=environment, out=out, err=err
        )
        started.append(Import(command, out, err))
        return started[-1]

    yield starter
    for one in started:
        one.command.kill()
        one.command.wait(SECONDS)


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


def test_an_import_that_is_killed_repeatedly_continues_where_it_stopped(
    start: Start, dsns: Dsns, tmp_path: Path
) -> None:
    file = csv_file(tmp_path, *(person(n) for n in range(1, PEOPLE + 1)))
    reached = 0
    for _ in range(2):
        process, before = start(str(file)), reached
        deadline = time.monotonic() + SECONDS
        while (reached := asked(dsns, "select count(*) from users")) == before:
            assert process.command.poll() is None, process.ended()
            assert time.monotonic() < deadline
        process.command.kill()
        process.command.wait(SECONDS)
        assert "ledger is correct" in audited(dsns)
    assert 2 * PEOPLE_AT_ONCE <= reached < PEOPLE, "no import was killed while it ran"
    code, out, err = start(str(file)).ended()
    assert (code, err) == (0, "")
    assert "0 lines have errors" in out
    assert asked(dsns, "select count(*) from users") == PEOPLE
    assert asked(dsns, "select count(*) from transactions where description = 'Opening balance'") == PEOPLE
    assert asked(dsns, "select sum(posted)::bigint from ledger_accounts where kind = 'wallet'") == CENTS
    assert asked(dsns, "select -sum(amount)::bigint from ledger_entries where kind = 'bank'") == CENTS
    assert "ledger is correct" in audited(dsns)
    code, out, _ = start(str(file)).ended()
    assert "0 people imported; 0 opening balances posted." in out
    assert code == 0


def test_invalid_rows_and_unreadable_files_end_the_import_with_exit_code_1(start: Start, tmp_path: Path) -> None:
    code, out, err = start(str(csv_file(tmp_path, person(1), person(2, username="a!"))), "--dry-run").ended()
    assert (code, err) == (1, "")
    assert out.splitlines()[0].startswith('people.csv:3: username "a!": must have 3 to 30 characters')
    hostile = tmp_path / "hostile.csv"
    hostile.write_bytes(os.urandom(100_000))
    code, out, err = start(str(hostile)).ended()
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_the_progress_bar_moves_on_a_terminal(start: Start, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = start(str(csv_file(tmp_path, *(person(n) for n in range(1, 601)))), err=Path(os.ttyname(theirs)))
    code = process.command.wait(SECONDS)
    shown = os.read(ours, 65_536).decode()
    os.close(theirs)
    os.close(ours)
    assert code == 0, process.out.read_text()
    for stage in ("reading", "judging", "importing"):
        assert stage in shown


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (["--country", "XY"], 2, "must be the two letters of a country"),
        (["--welcome-mail", "--mails-per-hour", "0"], 2, "Invalid value for '--mails-per-hour'"),
        (["--welcome-mail"], 1, "--welcome-mail needs a server that sends mail: set SMTP_HOST (docs/mail.md).\n"),
    ],
)
def test_an_invalid_option_is_refused_and_nobody_is_imported(
    start: Start, dsns: Dsns, tmp_path: Path, options: list[str], code: int, problem: str
) -> None:
    ended, out, err = start(str(csv_file(tmp_path, person(1))), *options).ended()
    assert (ended, out) == (code, "")
    assert problem in err
    assert asked(dsns, "select count(*) from users") == 0


def test_the_options_of_the_import_take_effect(start: Start, dsns: Dsns, tmp_path: Path) -> None:
    people = person(1, username="Admin", phone="(202) 555-0123"), person(2, encrypted_password="")
    process = start(
        str(csv_file(tmp_path, *people)), "--take-suggested", "--country", "us", "--welcome-mail", mail=True
    )
    code, out, err = process.ended()
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("1 welcome mail is put into the outbox; the last one is due at ")
    assert asked(dsns, "select count(*) from users where phone = '+12025550123' and username = 'admin_3f1c'") == 1
    assert asked(dsns, "select count(*) from outgoing_mails where kind = 'welcome'") == 1
