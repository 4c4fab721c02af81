"""A process that removes one guard at a time and runs the tests that must fail without it.

Its input is one JSON object a line, a task of the runner; its output is one JSON object a line, the result, the first
test that failed, and the seconds. It has imported the product once. For each
guard it forks: the child removes the guard from its own memory or from its own copy of the migrated database, and
runs the tests. No file changes, and the next child begins with the guard in place.
"""

import asyncio
import contextlib
import gc
import json
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import pocketpay.app
import pocketpay.operations.audit  # noqa: F401 - imported once, here
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import OWNER
from tests import conftest, databases
from tests.mutations import edits, guards

OPTIONS = (
    "-x",
    "-q",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "-p",
    "no:xdist",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


class _First:
    """Remembers the first test that failed."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def main() -> None:
    """Works until its input ends. Its arguments are the data directory and the home of a running cluster."""
    data, home = map(Path, sys.argv[1:3])
    postgres = conftest.SHARED = EmbeddedPostgres(data, durable=False, system_home=home)
    with postgres:
        gc.freeze()
        for line in sys.stdin:
            print(json.dumps(_run(postgres, json.loads(line))), flush=True)


def _run(postgres: EmbeddedPostgres, task: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as answer:
        child = os.fork()
        if not child:
            _child(postgres, task, out.fileno(), answer.fileno())
        handle = os.pidfd_open(child)
        ended = select.select([handle], [], [], task["seconds"])[0]
        os.close(handle)
        if not ended:
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        answer.seek(0)
        out.seek(0)
        found = json.loads(answer.read() or '{"result": "error", "test": ""}')
        if not ended:
            found = {"result": "too slow", "test": ""}
        if found["result"] in ("error", "too slow"):
            found["output"] = out.read()[-4000:]
    return {**found, "seconds": round(time.monotonic() - began, 1)}


def _child(postgres: EmbeddedPostgres, task: dict[str, Any], out: int, answer: int) -> None:
    """Removes the guard, runs the tests, writes the answer, and ends this process."""
    found = {"result": "error", "test": ""}
    try:
        os.setsid()
        for stream in (1, 2):
            os.dup2(out, stream)
        if task["guard"]:
            _remove(task["guard"])
        with _template(postgres, task["template"], task["statements"]):
            first = _First()
            code = pytest.main([*OPTIONS, *task["tests"]], plugins=[first])
        results = {pytest.ExitCode.OK: "survived", pytest.ExitCode.TESTS_FAILED: "killed"}
        found = {"result": results.get(pytest.ExitCode(code), "error"), "test": first.failed}
        if found["result"] == "killed" and not first.failed:  # a file could not be collected
            found["result"] = "error"
    except guards.DoesNotApply as why:
        found = {"result": "does not apply", "test": str(why)}
    except BaseException as error:
        print(repr(error), file=sys.stderr)
    finally:
        sys.stdout.flush()
        os.write(answer, json.dumps(found).encode())
        os._exit(0)


def _remove(guard: str) -> None:
    edit = next((each for each in edits.EDITS if each.id == guard), None)
    guards.remove(guard) if edit is None else edits.apply(edit)


@contextlib.contextmanager
def _template(postgres: EmbeddedPostgres, template: str, statements: Sequence[str]) -> Iterator[None]:
    """Lets the tests copy a copy of that database in which the statements have been executed."""
    if not statements:
        yield
        return
    name = f"without_{os.getpid()}"
    asyncio.run(_execute(postgres, "postgres", f"create database {name} template {template} owner {OWNER}"))
    asyncio.run(_execute(postgres, name, *statements))
    databases.TEMPLATE = name
    try:
        yield
    finally:
        asyncio.run(_execute(postgres, "postgres", f"drop database {name} with (force)"))


async def _execute(postgres: EmbeddedPostgres, database: str, *statements: str) -> None:
    connection = await asyncpg.connect(postgres.dsn(OWNER, database))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


if __name__ == "__main__":
    main()
