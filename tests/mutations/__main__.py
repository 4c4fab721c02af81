"""`python -m tests.mutations`: removes one guard at a time and checks that its test fails.

The tests of the table pass while every guard is in place: `make test` runs them.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from tests import conftest, data_directories, databases
from tests.database import test_constraints
from tests.leftovers import run_folder
from tests.mutations import catalog, edits, guards, rules
from tests.mutations.candidates import candidates
from tests.mutations.runner import Found, Task, run, workers
from tests.mutations.table import Table
from tests.run_home import memory

WHAT = ("guards", "code", "database", "rules")

TOWN = "town"
"""A database with rows in every table, so that not each test of a constraint has to write them."""


def main() -> int:
    """Runs the command, and returns its exit code: 1 if a guard survived or its mutation does not apply."""
    parser = argparse.ArgumentParser(prog="make mutations", description="Removes one guard at a time.")
    parser.add_argument("what", nargs="?", choices=WHAT, default="guards", help="guards is both code and database")
    parser.add_argument("--only", default="", metavar="TEXT", help="only guards whose id contains the text")
    parser.add_argument("--find", action="store_true", help="find a test for each guard that is not in the table")
    parser.add_argument("--jobs", type=int, default=2, help="how many guards to try at a time")
    arguments = parser.parse_args()
    if arguments.what == "rules":
        return rules.main(arguments.jobs)
    table = Table.read()
    with run_folder(memory()) as folder:
        data, home = folder / "data", folder / "home"
        data_directories.migrate(data, home)
        with EmbeddedPostgres(data, durable=False, system_home=home) as postgres:
            asyncio.run(conftest.prepare_template(postgres))
            tasks = _missing(table) if arguments.find else _known(table, postgres, arguments.what)
            tasks = [task for task in tasks if arguments.only in task.name]
            with workers(data, home, arguments.jobs) as idle:
                return _report(len(tasks), run(tasks, idle, arguments.jobs), table if arguments.find else None)


def code_guards() -> list[str]:
    """Returns the id of every guard in the code."""
    return [*guards.ids(), *(edit.id for edit in edits.EDITS)]


def _missing(table: Table) -> list[Task]:
    """Returns a task for each guard that is not in the table, with the files in which its test may be."""
    known = table.killed_by.keys() | table.same_without.keys()
    return [Task(id, tuple(candidates(id)), guard=id) for id in code_guards() if id not in known]


def _known(table: Table, postgres: EmbeddedPostgres, what: str) -> list[Task]:
    """Returns a task for each guard of the code, of the database, or of both."""
    tasks: list[Task] = []
    if what != "database":
        tasks += [Task(id, (test,), guard=id) for id, test in table.killed_by.items()]
    if what != "code":
        asyncio.run(_create_town(postgres))
        found = asyncio.run(catalog.guards(postgres.dsn(OWNER, databases.TEMPLATE)))
        tasks += [Task(each.id, each.tests, statements=each.statements, template=TOWN) for each in found]
    return tasks


async def _create_town(postgres: EmbeddedPostgres) -> None:
    await conftest._on_server(postgres, f"create database {TOWN} template {databases.TEMPLATE} owner {OWNER}")
    await test_constraints.populate(conftest.Dsns(postgres.dsn(LOGIN, TOWN), postgres.dsn(OWNER, TOWN)))


def _report(many: int, results: Iterable[Found], table: Table | None) -> int:
    """Prints each result, and writes found tests into the table if there is one. Returns the exit code."""
    counts = Counter[str]()
    wrong: list[Found] = []
    for found in results:
        counts[found.result] += 1
        print(f"{sum(counts.values()):4}/{many}  {found.result:8} {found.seconds:5.1f} s  {found.task.name}")
        print(f"{'':28}{found.test}", flush=True)
        if found.result != "killed":
            wrong.append(found)
        elif table is not None:
            table.killed_by[found.task.name] = found.test
            table.write()
    _explain(wrong)
    print(", ".join(f"{number} {result}" for result, number in counts.items()))
    return bool(wrong)


def _explain(wrong: Sequence[Found]) -> None:
    for found in wrong:
        print(f"\n{found.result.upper()}: {found.task.name}", found.test, found.output, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
