"""Runs every suite against a server of its own with demo people, and prints a table. Exits with 1 when one fails.

make interop
python -m tests.interop --examples 50 --only Relay
"""

import argparse
import sys
import time

from tests import commands
from tests.e2e import processes
from tests.interop import suites
from tests.leftovers import run_folder

ROW = "{:<26} {:<12} {:>8} {:>9} {:>9}"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.interop", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--examples", type=int, default=15, help="documents of Schemathesis for each field")
    parser.add_argument("--only", default="", help="part of a suite's name")
    chosen = parser.parse_args()
    # Schemathesis is last: it sends random changes.
    everything = [
        *suites.GENERATORS,
        *suites.SUITES,
        *suites.EXAMPLES_OF_CLIENTS,
        suites.schemathesis(chosen.examples),
    ]
    selected = [suite for suite in everything if chosen.only.lower() in suite.name.lower()]
    if not selected:
        parser.error(f"no suite has this name; there are {', '.join(suite.name for suite in everything)}")
    say(ROW.format("suite", "version", "checks", "failures", "seconds"))
    checks, failures = 0, 0
    with (
        run_folder(None) as folder,
        commands.forking(),
        processes.installation(folder / "interop") as installation,
    ):
        server = installation.start()
        for suite in selected:
            started = time.monotonic()
            result = suite.run(f"{server.url}/graphql", folder)
            seconds = f"{time.monotonic() - started:.1f}"
            say(ROW.format(suite.name, suite.version, result.checks, len(result.failures), seconds))
            for failure in result.failures:
                say(f"    {failure}")
            checks, failures = checks + result.checks, failures + len(result.failures)
        stopped = server.stop()
        trouble = server.tracebacks() + ([f"the server ended with {stopped}"] if stopped else [])
    for line in trouble:
        say(f"    the server's log: {line}")
    say(ROW.format(f"{len(selected)} suites", "", checks, failures + len(trouble), ""))
    return 1 if failures or trouble else 0


if __name__ == "__main__":
    sys.exit(main())
