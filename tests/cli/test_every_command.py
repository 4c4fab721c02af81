"""Every command: with --json, on any terminal, with a closed pipe, and without the imports of other commands."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from typer.testing import CliRunner

from pocketpay.api import ids
from pocketpay.cli import output, verbs
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Database
from pocketpay.errors import PocketPayError
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.sign_up import sign_up
from pocketpay.serving import log
from tests.cli.one_process import WATCHED, Ended, Line
from tests.conftest import Dsns, fresh_copy
from tests.people import HOME, PASSWORD, made, receiving

CHECKOUT = Path(__file__).parents[2]
NAME = "Åda Ödön 漢"
WHY = ["--reason", "Wünscht es so 漢"]
UNKNOWN = ids.encode(ids.TRANSACTION, UUID(int=7))

LINES: dict[str, list[str]] = {
    "settings": [],
    "operator grant": ["bea", *WHY],
    "operator revoke": ["bea", *WHY],
    "operator freeze": ["ada", "--for", "debits", *WHY],
    "operator unfreeze": ["ada", *WHY],
    "operator reverse": [UNKNOWN, *WHY],
    "operator recover": ["ada", *WHY],
    "operator verify-email": ["ada", "ada@example.com", *WHY],
    "operator end-sessions": ["bea", *WHY],
    "operator find": ["ada"],
    "operator pending": [],
    "operator actions": [],
    "operator sessions": ["ada"],
    "operator transactions": ["ada"],
    "operator reconcile": ["examples/bank/statement.csv"],
    "operator differences": [],
    "operator close-difference": [UNKNOWN, *WHY],
    "operator risk": [],
    "operator risk set": ["RAPID_TRANSFER_COUNT", "7", *WHY],
    "operator risk clear": ["RAPID_TRANSFER_COUNT", *WHY],
    "audit": [],
    "serve": ["--port", "99999999"],
    "demo": [],
    "reset": [],
    "import-supabase": ["examples/supabase/dump.sql", "--dry-run"],
    "migrate": [],
    "backup": ["no-such-folder/a.backup"],
    "restore": ["no-such-file"],
    "schema": [],
}
"""A command line for each command, on a database where ada and bea have signed up. They run in this order."""

HIDDEN = {"worker"}
"""Commands that no person runs. `serve --workers` runs them, and reads no result."""

REFUSED = {
    "serve": "SETTINGS_ERROR",
    "demo": "SETTINGS_ERROR",
    "reset": "SETTINGS_ERROR",
    "operator reverse": "NOT_FOUND",
    "operator close-difference": "NOT_FOUND",
    "operator recover": "MAIL_UNAVAILABLE",
    "operator verify-email": "INVALID_INPUT",
    "import-supabase": "IMPORT_INCOMPLETE",
    "backup": "DATABASE_UNAVAILABLE",
    "restore": "DATABASE_UNAVAILABLE",
}
"""The codes of those command lines that are refused."""

LIGHT = {
    "": ([], 2),
    "help": (["operator", "freeze", "--help"], 0),
    "unknown command": (["oprator"], 2),
    "unknown option": (["operator", "find", "ada", "--nonsense"], 2),
    "missing argument": (["operator", "freeze", "ada"], 2),
    "wrong number": (["serve", "--port", "many"], 2),
    "missing file": (["import-supabase", "no-such-file"], 2),
}
"""Command lines that are answered before any command starts, and their exit codes."""

SCHEMA = {"graphql", "strawberry"}
MIGRATIONS = {"alembic", "sqlalchemy", "sqlmodel"}
IMPORTS: dict[str, set[str]] = {"migrate": MIGRATIONS, "schema": {*SCHEMA, "starlette"}}
"""The libraries that a command imports in addition to DATABASE. They stay in the process for the later commands."""

DATABASE = {"asyncio", "asyncpg", "pydantic_settings", "structlog", "rich"}
"""The libraries that a command on the database imports. structlog imports rich when it is installed."""


@pytest.fixture(scope="module")
def inhabited(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    with fresh_copy(postgres) as dsns:
        asyncio.run(_sign_up(dsns))
        yield dsns


async def _sign_up(dsns: Dsns) -> None:
    database = await Database.open(dsns.server)
    async with receiving(database) as services:
        for username in ("ada", "bea"):
            form = Form(username, NAME, PASSWORD, raw_email="ada@example.org")
            signed_up = await sign_up(services, made(), form, address=HOME, user_agent=NAME)
            assert signed_up.admission is not None
    await database.close()


@pytest.fixture(scope="module")
def ended(inhabited: Dsns) -> dict[tuple[str, str], Ended]:
    """How each line ended, by the name of its command and the way in which it was run."""
    lines: dict[tuple[str, str], Line] = {}
    for name, (arguments, _) in LIGHT.items():
        lines[name, "json"] = Line([*arguments, "--json"])
        lines[name, "closed"] = Line(arguments, closed=True)
    for name, more in LINES.items():
        arguments = [*name.split(), *more]
        lines[name, "json"] = Line([*arguments, "--json"], encoding="ascii", checked=False)
        lines[name, "closed"] = Line(arguments, encoding="ascii", closed=True, checked=False)
        if name == "operator find":
            lines[name, "ascii"] = Line(arguments, encoding="ascii", checked=False)
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.one_process"],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": inhabited.server,
            "DATABASE_OWNER_URL": inhabited.owner,
            "SECRET_KEY": "s" * 64,
        },
        input=json.dumps([asdict(line) for line in lines.values()]),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return dict(zip(lines, (Ended(**one) for one in json.loads(done.stdout)), strict=True))


def commands(group: Any = None, path: str = "") -> dict[str, Any]:
    """Returns every command of the program by its name, without groups that do nothing themselves."""
    group = group or typer.main.get_command(verbs.verbs)
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        name = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            found |= commands(command, name)
        if not hasattr(command, "commands") or command.invoke_without_command:
            found[name] = command
    return found


def test_every_command_is_tested_and_accepts_json() -> None:
    assert {*LINES} == {*commands()} - HIDDEN
    assert [name for name, command in commands().items() if "--json" not in _options(command)] == []


def test_a_help_shows_each_command_with_a_whole_sentence() -> None:
    """A help of 80 columns cuts a longer first sentence off."""
    for group in ([], ["operator"], ["operator", "risk"]):
        listed = CliRunner().invoke(verbs.verbs, [*group, "--help"]).stdout.partition("Commands:")[2]
        assert listed, group
        assert [line for line in listed.splitlines() if line.endswith("...")] == []


def _options(command: Any) -> list[str]:
    return [name for parameter in command.params for name in parameter.opts]


def test_every_command_prints_one_object_of_json(ended: dict[tuple[str, str], Ended]) -> None:
    for name in LINES:
        one = ended[name, "json"]
        assert one.out.isascii(), name
        assert one.out.count("\n") == 1, (name, one)
        shown = json.loads(one.out)
        assert [*shown] == ["ok", "verb", "result", "error"], name
        assert shown["verb"] == name
        assert shown["ok"] is (one.code == 0), (name, one)
        assert "Traceback" not in one.err, (name, one.err)
        if name in REFUSED:
            assert (one.code, shown["error"]["code"]) == (1, REFUSED[name]), (name, one)
            assert [*shown["error"]] == ["code", "message", "retryable"]
            assert shown["error"]["message"]
        else:
            assert (one.code, shown["error"]) == (0, None), (name, one)
            assert shown["result"], name


def test_json_has_exact_values_and_text_has_readable_ones(ended: dict[tuple[str, str], Ended]) -> None:
    (found,) = json.loads(ended["operator find", "json"].out)["result"]["rows"]
    assert (found["username"], found["name"], found["email_verified"]) == ("ada", NAME, False)
    (row,) = ended["operator find", "ascii"].out.splitlines()[1:]
    assert NAME.encode("ascii", "backslashreplace").decode() in row
    acts = json.loads(ended["operator actions", "json"].out)["result"]["rows"]
    assert {act["reason"] for act in acts} == {WHY[1]}
    assert all(act["created_at"].endswith("Z") and "T" in act["created_at"] for act in acts)
    assert json.loads(ended["audit", "json"].out)["result"]["count"] == 0
    assert json.loads(ended["import-supabase", "json"].out)["result"]["dry_run"] is True


def test_a_usage_error_is_json_too(ended: dict[tuple[str, str], Ended]) -> None:
    for name, (_, code) in LIGHT.items():
        one = ended[name, "json"]
        assert (one.code, ended[name, "closed"].code) == (code, code), (name, one)
        if code == 0:
            continue
        shown = json.loads(one.out)
        assert (one.code, shown["ok"], shown["error"]["code"], one.err) == (2, False, "USAGE", ""), (name, one)
    assert json.loads(ended["missing argument", "json"].out)["verb"] == "operator freeze"


def test_no_terminal_encoding_and_no_closed_pipe_causes_a_traceback(ended: dict[tuple[str, str], Ended]) -> None:
    for (name, how), one in ended.items():
        assert "Traceback" not in one.err, (name, how, one.err)
        assert "Exception ignored" not in one.err, (name, how, one.err)
        assert "Error:" not in one.err or one.code == 2, (name, how, one.err)
        assert 0 <= one.code <= 2, (name, how, one)
        if how == "closed" and name in LINES:
            assert one.code == ended[name, "json"].code, (name, one)


def test_a_command_imports_only_the_libraries_that_it_needs(ended: dict[tuple[str, str], Ended]) -> None:
    allowed: set[str] = set()
    for (name, how), one in ended.items():
        if name not in LIGHT:
            allowed |= {*DATABASE, *IMPORTS.get(name, ())}
        assert {*one.imported} <= allowed, (name, how)
    assert {*ended["schema", "json"].imported} >= SCHEMA, "the list of watched libraries is right"
    assert {*ended["migrate", "json"].imported} >= MIGRATIONS
    assert {*WATCHED} >= {*DATABASE, *SCHEMA, *MIGRATIONS}


def test_a_full_disk_is_reported_and_the_command_fails() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pocketpay", "settings"],
            cwd=CHECKOUT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (1, "The output cannot be written (No space left on device).\n")


def test_a_started_server_prints_its_addresses(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_is_json", True)
    log.configure(made())  # the log is on stderr
    verbs._welcome(made(), "http://127.0.0.1:8000", workers=1)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["ok"], shown["verb"], shown["error"]) == (True, "serve", None)
    assert shown["result"]["graphql"] == "http://127.0.0.1:8000/graphql"


def test_a_bug_is_json_with_its_traceback_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class WrongPhase(PocketPayError):
        pass

    def fail(error: Exception) -> dict[str, Any]:
        monkeypatch.setattr("pocketpay.cli.env_file.rows", lambda: _raise(error))
        assert verbs.verbs(["settings", "--json"], prog_name="pocketpay", standalone_mode=False) == 1
        shown: dict[str, Any] = json.loads(capsys.readouterr().out)["error"]
        return shown

    assert fail(WrongPhase("Wait.")) == {"code": "WRONG_PHASE", "message": "Wait.", "retryable": False}
    assert fail(ValueError("secret"))["code"] == "INTERNAL"


def _raise(error: Exception) -> None:
    raise error
