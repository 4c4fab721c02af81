"""Runs some suites of `make interop` where they are built: the checkers of the protocols and of the schema, and one
client. INTEROP=whole runs all of them, with fewer random documents.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.processes import Running
from tests.interop import suites
from tests.interop.suites import ROOT, Suite

built = pytest.mark.skipif(
    not (ROOT / ".make" / "interop").exists(), reason="the interoperability suites are not built: make interop"
)
ALL = [*suites.SUITES, suites.schemathesis(examples=2)]
SHORT = (
    *("graphql-http", "graphql", "graphql-ws", "@graphql-eslint/eslint-plugin"),
    *("@urql/exchange-persisted", "@apollo/client"),
)
WHOLE = os.environ.get("INTEROP") == "whole"
CHOSEN = [suite for suite in ALL if WHOLE or suite.package in SHORT]
ONE_OF_EACH_KIND = [suite for suite in CHOSEN if suite.package in ("graphql-http", "gql", "schemathesis")]


@pytest.fixture(scope="module")
def url(cluster_home: Path, seeded_data: Path) -> Iterator[str]:
    with processes.installation(cluster_home / "interop", seeded_data) as installation:
        server: Running = installation.start()
        yield f"{server.url}/graphql"
        assert server.stop() == 0
        assert server.tracebacks() == []


@built
@pytest.mark.parametrize("suite", CHOSEN, ids=lambda suite: suite.name)
def test_a_suite_finds_no_failure_in_the_server(suite: Suite, url: str, tmp_path: Path) -> None:
    result = suite.run(url, tmp_path)
    assert result.failures == []
    assert result.checks > 0


@built
@pytest.mark.parametrize("suite", ONE_OF_EACH_KIND, ids=lambda suite: suite.name)
def test_a_suite_without_a_server_fails(suite: Suite, tmp_path: Path) -> None:
    assert suite.run("http://127.0.0.1:1/graphql", tmp_path).failures


@pytest.mark.parametrize(
    "suite", [*suites.GENERATORS, *ALL, *suites.EXAMPLES_OF_CLIENTS], ids=lambda suite: suite.name
)
def test_the_package_of_a_suite_is_locked(suite: Suite) -> None:
    assert suite.version[0].isdigit()


# ------------------------------------------------------------ results


def done(output: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
    return subprocess.CompletedProcess([], code, stdout=output, stderr="")


@pytest.mark.parametrize("read", [suites.printed, suites.tested, suites.paid, suites.counted("document")])
@pytest.mark.parametrize("output", ["", "nonsense", "{"])
def test_a_program_without_a_result_fails(read: suites.Read, output: str) -> None:
    assert read(done(output)).failures


def test_no_checks_or_a_wrong_exit_code_are_failures() -> None:
    assert suites.printed(done('{"checks": 2, "failures": []}')) == suites.Result(2, [])
    assert suites.printed(done('{"checks": 0, "failures": []}')).failures
    assert suites.printed(done('{"checks": 2, "failures": []}', 1)).failures
    assert suites.counted("document")(done("document document")) == suites.Result(2, [])
    assert suites.counted("document")(done("document document", 1)).failures


def test_an_incomplete_run_of_schemathesis_is_a_failure() -> None:
    report = {"failures": [], "errors": [], "complete": True, "test_cases": {"generated": 3}}
    assert suites.tested(done(json.dumps(report))) == suites.Result(3, [])
    assert suites.tested(done(json.dumps({**report, "complete": False}))).failures
    found = [{"title": "Custom check failed", "operations": ["Query.node"]}]
    assert suites.tested(done(json.dumps({**report, "failures": found}), 1)).failures == [
        "Custom check failed: Query.node"
    ]


def test_an_example_that_does_not_show_the_new_balance_fails() -> None:
    assert suites.paid(done("9.00 USD to spend\nCOMPLETED\n8.00 USD to spend\n")) == suites.Result(3, [])
    assert suites.paid(done("9.00 USD to spend\nCOMPLETED\n9.00 USD to spend\n")).failures
    assert suites.paid(done("9.00 USD to spend\nPENDING_CONFIRMATION\n8.00 USD to spend\n")).failures
