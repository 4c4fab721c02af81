"""The suites. Each is a package that somebody else made, and a program of interop/ that uses it against a server.

Most programs print their result themselves, as a line of JSON. A generator of types is a suite too: its checks are
the documents for which it generated types, or the files that the compiler accepted.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pocketpay.onboarding.demo import PASSWORD

ROOT = Path(__file__).parents[2]
INTEROP = ROOT / "interop"
EXAMPLES = ROOT / "examples"
NPM = str(ROOT / "scripts" / "npm")
SECONDS = 300.0
"""Time for one suite. The longest takes a minute on two busy cores."""


@dataclass(frozen=True)
class Result:
    """How many rules a suite checked, and what was wrong."""

    checks: int
    failures: list[str]


Read = Callable[[subprocess.CompletedProcess[str]], Result]


@dataclass(frozen=True)
class Suite:
    """A program with its package. In the command `{url}` is the server, and `{report}` a file for its report."""

    name: str
    package: str
    command: list[str]
    read: Read
    folder: Path = INTEROP
    leaves_files: bool = False

    @property
    def version(self) -> str:
        """The locked version of the package."""
        if (version := _npm_versions(self.folder).get(self.package)) is not None:
            return version
        for lock in (self.folder / "requirements.txt", self.folder / "python" / "requirements.txt"):
            if lock.exists() and (found := re.search(rf"^{self.package}==(\S+)", lock.read_text(), re.MULTILINE)):
                return found[1]
        raise AssertionError(f"{self.package} is in no lock")

    def run(self, url: str, folder: Path) -> Result:
        """Runs the suite against the server at `url`. The report is written into `folder`, and what the suite
        leaves."""
        report = folder / f"{self.name.replace('/', '-')}.json"
        command = [part.format(url=url, report=report) for part in self.command]
        environment = {**os.environ, "POCKETPAY_URL": url, **HOOKS}
        try:
            done = subprocess.run(
                command,
                cwd=folder if self.leaves_files else self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS,
            )
        except OSError as error:
            return Result(0, [str(error)])
        except subprocess.TimeoutExpired:
            return Result(0, [f"not finished after {SECONDS:.0f} seconds"])
        if report.exists():
            done.stdout = report.read_text()
        return self.read(done)


HOOKS = {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(INTEROP / "python")}
"""The settings of Schemathesis, which has no options for them."""


def _npm_versions(folder: Path) -> dict[str, str]:
    package = folder / "package.json"
    if not package.exists():
        return {}
    described = json.loads(package.read_text())
    versions: dict[str, str] = {**described["dependencies"], **described["devDependencies"]}
    return versions


# ------------------------------------------------------------ results


def _output(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stdout + done.stderr).strip().splitlines()[-40:])


def printed(done: subprocess.CompletedProcess[str]) -> Result:
    """Reads the result that a program printed as its last line."""
    try:
        result = json.loads(done.stdout.strip().splitlines()[-1])
        checks, failures = int(result["checks"]), [str(failure) for failure in result["failures"]]
    except (IndexError, KeyError, TypeError, ValueError):
        return Result(0, [f"exit code {done.returncode}: {_output(done)}"])
    if done.returncode or not checks:
        failures.append(f"exit code {done.returncode}, {checks} checks: {done.stderr.strip()}")
    return Result(checks, failures)


def tested(done: subprocess.CompletedProcess[str]) -> Result:
    """Reads the report of Schemathesis."""
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return Result(0, [f"exit code {done.returncode}: {_output(done)}"])
    failures = [f"{one['title']}: {', '.join(one['operations'])}" for one in report["failures"]]
    failures += [json.dumps(error) for error in report["errors"]]
    if not failures and (done.returncode or not report["complete"]):
        failures.append(f"exit code {done.returncode}, complete: {report['complete']}")
    return Result(report["test_cases"]["generated"], failures)


def counted(pattern: str, *files: Path) -> Read:
    """Counts the matches in the generated files, or in the output when there are none. A check is one match."""

    def read(done: subprocess.CompletedProcess[str]) -> Result:
        texts = [file.read_text() for file in files if file.exists()] if files else [done.stdout + done.stderr]
        checks = sum(len(re.findall(pattern, text, re.MULTILINE)) for text in texts)
        failures = [] if done.returncode == 0 and checks else [f"exit code {done.returncode}: {_output(done)}"]
        return Result(checks, failures)

    return read


def paid(done: subprocess.CompletedProcess[str]) -> Result:
    """Reads what an example printed: the balance, the payment's status, and the balance after it as a live update."""
    lines = done.stdout.splitlines()
    found = re.fullmatch(r"(\d+)\.(\d\d) USD to spend\nCOMPLETED\n(\d+)\.(\d\d) USD to spend", "\n".join(lines))
    if done.returncode or not found:
        return Result(0, [f"exit code {done.returncode}: {_output(done)}"])
    before, after = int(found[1] + found[2]), int(found[3] + found[4])
    return Result(3, [] if before - after == 100 else [f"the balance went from {before} to {after} cents"])


# ------------------------------------------------------------ suites


def program(name: str, *arguments: str) -> list[str]:
    """A program of interop/src. npm is the machine's own, or the one of requirements.lock with its Node.js."""
    return [NPM, "--silent", "run", "program", "--", f"build/{name}.js", *arguments, "{url}"]


def schemathesis(examples: int) -> Suite:
    """Random documents for each field of Query and Mutation, `examples` for each. The seed makes a run repeatable."""
    python = str(ROOT / ".venvs" / "interop" / "bin" / "schemathesis")
    options = [
        "--checks=documented",
        f"--max-examples={examples}",
        f"--seed={os.environ.get('SEED', '1')}",
        "--continue-on-failure",
        "--report=json",
        "--report-json-path={report}",
    ]
    return Suite("schemathesis", "schemathesis", [python, "run", "{url}", *options], tested, leaves_files=True)


GENERATORS = [
    Suite(
        "graphql-codegen",
        "@graphql-codegen/cli",
        [NPM, "exec", "--", "graphql-codegen", "--config", "codegen.ts"],
        counted(
            r"^export const \w+Document = ",
            *(INTEROP / "src" / generated / "graphql.ts" for generated in ("gql", "tabs")),
        ),
    ),
    Suite(
        "relay-compiler",
        "relay-compiler",
        [NPM, "exec", "--", "relay-compiler", "relay.config.json"],
        counted(r"^import \w+", INTEROP / "src" / "relay" / "index.ts"),
    ),
    Suite(
        "tsc --strict",
        "typescript",
        [NPM, "exec", "--", "tsc", "--listFilesOnly", "false", "--listFiles"],
        counted(r"interop/src/.*\.ts$"),
    ),
]
"""Their output is already there when the suites are built; `make interop` generates it again to count it."""

SUITES = [
    Suite("graphql-http audit", "graphql-http", program("graphql-http"), printed),
    Suite("graphql-js introspection", "graphql", program("graphql-js"), printed),
    Suite("graphql-ws protocol", "graphql-ws", program("graphql-ws"), printed),
    Suite("graphql-eslint", "@graphql-eslint/eslint-plugin", program("graphql-eslint"), printed),
    Suite("Apollo Client", "@apollo/client", program("main", "apollo"), printed),
    Suite("urql with graphcache", "@urql/exchange-graphcache", program("main", "urql"), printed),
    Suite("persisted queries", "@urql/exchange-persisted", program("persisted"), printed),
    Suite("graphql-request", "graphql-request", program("main", "graphql-request"), printed),
    Suite("Relay", "relay-runtime", program("main", "relay"), printed),
    Suite(
        "gql (Python)",
        "gql",
        [str(ROOT / ".venvs" / "interop" / "bin" / "python"), "python/gql_client.py", "{url}"],
        printed,
    ),
]

EXAMPLES_OF_CLIENTS = [
    Suite(
        "ariadne-codegen",
        "ariadne-codegen",
        [
            str(ROOT / ".venvs" / "examples" / "bin" / "python"),
            "main.py",
            "alice",
            PASSWORD,
            "bob",
            "1.00",
            "{url}",
        ],
        paid,
        EXAMPLES / "python",
    ),
    Suite(
        "examples/typescript",
        "@graphql-codegen/client-preset",
        [NPM, "--silent", "start", "--", "alice", PASSWORD, "bob", "1.00", "{url}"],
        paid,
        EXAMPLES / "typescript",
    ),
]
"""The typed examples, which have tests of their own in tests/e2e/test_typed_examples.py."""
