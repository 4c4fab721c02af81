"""`python -m tests.mutations`: removes one guard at a time and checks that its test fails."""

import argparse
import asyncio
import sys
from collections import Counter

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from tests import conftest
from tests.database import test_constraints
from tests.leftovers import run_folder
from tests.mutations import catalog, edits, guards, rules
from tests.mutations.candidates import candidates
from tests.mutations.runner import Found, Task, run, workers
from tests.mutations.table import Table

TOWN = "town"
"""A database with rows in every table, so that not each test of a constraint has to write them."""

SOMEWHERE = ("tests/api", "tests/payments", "tests/clearing")
"""Where --find looks for a test of a file that `candidates` does not know."""


def main() -> int:
    """Runs the command, and returns its exit code: 1 if a guard survived or its mutation does not apply."""
    parser = argparse.ArgumentParser(prog="make mutations", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("guards", "rules"), default="guards", help="default: guards")
    parser.add_argument("--only", default="", metavar="TEXT", help="only guards whose id contains the text")
    parser.add_argument("--find", action="store_true", help="find a test for each guard that is not in the table")
    parser.add_argument("--jobs", type=int, default=2, help="how many guards to try at a time")
    arguments = parser.parse_args()
    if arguments.what == "rules":
        return rules.main(arguments.jobs)
    table = Table.read()
    with run_folder(conftest._memory()) as folder:
        data, home = folder / "data", folder / "home"
        with EmbeddedPostgres(data, durable=False, system_home=home) as postgres:
            asyncio.run(conftest._migrate_template(postgres))
            if arguments.find:
                known = table.killed_by.keys() | table.same_without.keys()
                missing = [id for id in code_guards() if id not in known]
                tasks = [Task(id, tuple(candidates(id) or SOMEWHERE), guard=id) for id in missing]
            else:
                found = asyncio.run(catalog.guards(postgres.dsn(OWNER, conftest.TEMPLATE)))
                tasks = [Task(id, (test,), guard=id) for id, test in table.killed_by.items()]
                asyncio.run(_town(postgres))
                tasks += [Task(each.id, each.tests, "", each.statements, TOWN) for each in found]
            tasks = [task for task in tasks if arguments.only in task.name]
            with workers(data, home, arguments.jobs) as idle:
                return _report(tasks, run(tasks, idle, arguments.jobs), table, find=arguments.find)


async def _town(postgres: EmbeddedPostgres) -> None:
    await conftest._on_server(postgres, f"create database {TOWN} template {conftest.TEMPLATE} owner {OWNER}")
    await test_constraints.populate(conftest.Dsns(postgres.dsn(LOGIN, TOWN), postgres.dsn(OWNER, TOWN)))


def code_guards() -> list[str]:
    """Returns the id of every guard in the code."""
    return [*guards.ids(), *(edit.id for edit in edits.EDITS)]


def _report(tasks: list[Task], results: "object", table: Table, *, find: bool) -> int:
    counts = Counter[str]()
    wrong: list[Found] = []
    for found in results:  # type: ignore[attr-defined]
        counts[found.result] += 1
        print(f"{sum(counts.values()):4}/{len(tasks)}  {found.result:8} {found.seconds:5.1f} s  {found.task.name}")
        print(f"{'':28}{found.test}", flush=True)
        if found.result != "killed":
            wrong.append(found)
        elif find:
            table.killed_by[found.task.name] = found.test
            table.write()
    for found in wrong:
        print(f"\n{found.result.upper()}: {found.task.name}\n{found.output}", file=sys.stderr)
    print(", ".join(f"{many} {result}" for result, many in counts.items()))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
