"""The examples are documentation, so they are run as they are written."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pocketpay.onboarding.demo import PASSWORD
from tests.e2e.customer import SIGN_IN
from tests.e2e.processes import House, Running

EXAMPLES = Path(__file__).parents[2] / "examples"
MOST_LINES = 60

TO_ANSWER = "{ moneyRequests(direction: INCOMING, statuses: [PENDING]) { nodes { id } } }"
DECLINE = "mutation ($id: ID!) { declineRequest(id: $id) { errors { code } } }"


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Running]:
    running = house.start()
    yield running
    assert running.stop() == 0


@contextmanager
def running(name: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, str(EXAMPLES / name), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_who_pays_is_asked_and_who_watches_sees_it(server: Running) -> None:
    url = f"{server.url}/graphql"
    with (
        running("watch.py", "alice", PASSWORD, url) as watching,
        running("pay.py", "alice", PASSWORD, "carol", "25.00", url) as paying,
    ):
        assert watching.stdout is not None
        seen = [watching.stdout.readline() for _ in range(2)]
        if seen[0].startswith("1563.00"):
            seen = [seen[1], watching.stdout.readline()]
        assert sorted(seen) == ["1538.00 USD to spend, 25.00 held\n", "Confirm 25.00 to carol?\n"]
        said, wrong = paying.communicate("y\n", timeout=20)
        assert (paying.returncode, wrong) == (0, "")
        assert said.splitlines()[-1].endswith("COMPLETED: 1538.00 left to spend.")
        assert watching.stdout.readline() == "1538.00 USD to spend, 0.00 held\n"


def test_who_asks_for_money_hears_the_answer(server: Running) -> None:
    with running("request.py", "carol", PASSWORD, "bob", "12.00", f"{server.url}/graphql") as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline().startswith("bob is asked for 12.00 until ")
        says_no_to_all("bob", server.url)
        said, wrong = asking.communicate(timeout=20)
    assert (asking.returncode, wrong) == (0, "")
    assert said.startswith("DECLINED at ")


def says_no_to_all(username: str, url: str) -> None:
    with httpx.Client(base_url=url, trust_env=False) as http:

        def ask(document: str, **variables: object) -> Any:
            answer = http.post("/graphql", json={"query": document, "variables": variables}).json()
            (value,) = answer["data"].values()
            return value

        signed_in = ask(SIGN_IN, input={"login": username, "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {signed_in['tokens']['accessToken']}"
        for request in ask(TO_ANSWER)["nodes"]:
            assert ask(DECLINE, **request) == {"errors": []}


def test_what_is_refused_is_said_in_the_products_words(server: Running) -> None:
    with running("pay.py", "alice", PASSWORD, "nobody_here", "25.00", f"{server.url}/graphql") as paying:
        said, wrong = paying.communicate(timeout=20)
    assert (paying.returncode, said) == (1, "")
    assert wrong == "No user with this username can be paid now.\n"


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_fits_a_screen(example: Path) -> None:
    assert len(example.read_text().splitlines()) < MOST_LINES
