"""Runs the commands of docs/operators.md: each prints what the page shows."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pocketpay.onboarding.demo import PASSWORD
from tests.e2e.processes import Installation, Running

PAGE = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }"
REVERSED = '{ transactions(filter: {search: "Cinema tickets"}) { nodes { id } } }'

OF_THIS_RUN = (
    (r"\b(transaction|wallet)_[0-9a-z]{26}\b", r"\1_…"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +\S+", "then, by somebody"),
    (r"  +", " "),
)
"""Patterns for values that change from run to run, and for the column widths that depend on them."""


@pytest.fixture
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start()
    yield running
    assert running.stop() == 0


def test_the_commands_of_the_page_print_what_it_shows(server: Running, installation: Installation) -> None:
    """The reversed transaction is bob's payment to alice, from the demo data."""
    theirs = _reversed(server.url)
    said = []
    for line in _blocks("sh").splitlines():
        program, *arguments = shlex.split(re.sub(r"transaction_\w+", theirs, line))
        assert program == "pocketpay"
        done = installation.run(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), line
        said.append(done.stdout)
    assert _without_this_runs("".join(said)) == _without_this_runs(_blocks("text"))


def _reversed(url: str) -> str:
    with httpx.Client(base_url=url, trust_env=False) as http:
        body = {"query": SIGN_IN, "variables": {"input": {"login": "alice", "password": PASSWORD}}}
        signed_in = http.post("/graphql", json=body).json()["data"]["signIn"]
        bearer = {"Authorization": f"Bearer {signed_in['tokens']['accessToken']}"}
        found = http.post("/graphql", json={"query": REVERSED}, headers=bearer).json()["data"]["transactions"]
    id: str = found["nodes"][0]["id"]
    return id


def _blocks(kind: str) -> str:
    """Returns all fenced blocks of one kind, joined."""
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    return "".join(found)


def _without_this_runs(text: str) -> list[str]:
    for pattern, instead in OF_THIS_RUN:
        text = re.sub(pattern, instead, text)
    return [line.rstrip() for line in text.splitlines()]
