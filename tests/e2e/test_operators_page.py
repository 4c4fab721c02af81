"""docs/operators.md, run as it is written: each answer is the one printed."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pocketpay.onboarding.demo import PASSWORD
from tests.e2e.processes import House, Running

PAGE = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }"
REVERSED = '{ transactions(filter: {search: "Cinema tickets"}) { nodes { id } } }'

OF_THIS_RUN = (
    (r"\b(transaction|wallet)_[0-9a-z]{26}\b", r"\1_…"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ +\S+", "then, by somebody"),
    (r"  +", " "),
)
"""What is another one each time, and how wide the columns are for it."""


@pytest.fixture
def server(house: House) -> Iterator[Running]:
    running = house.start()
    yield running
    assert running.stop() == 0


def test_operators_are_told_what_the_page_says(server: Running, house: House) -> None:
    """The transaction that they reverse is bob's payment to alice, of the demo people."""
    theirs = _reversed(server.url)
    said = []
    for line in _blocks("sh").splitlines():
        program, *arguments = shlex.split(re.sub(r"transaction_\w+", theirs, line))
        assert program == "pocketpay"
        done = house.run(*arguments)
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
    """All fenced blocks of one kind, one after another."""
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    return "".join(found)


def _without_this_runs(text: str) -> list[str]:
    for pattern, instead in OF_THIS_RUN:
        text = re.sub(pattern, instead, text)
    return [line.rstrip() for line in text.splitlines()]
