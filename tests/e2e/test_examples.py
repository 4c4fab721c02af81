"""Runs the programs in examples/ as they are."""

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
from tests.e2e.node import NODE, needs_node
from tests.e2e.processes import Installation, Running
from tests.patience import PATIENCE_SECONDS

EXAMPLES = Path(__file__).parents[2] / "examples"
MAX_LINES = 60

TO_ANSWER = "{ moneyRequests(direction: INCOMING, statuses: [PENDING]) { nodes { id } } }"
DECLINE = "mutation ($id: ID!) { declineRequest(id: $id) { errors { code } } }"


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start()
    yield running
    assert running.stop() == 0


@contextmanager
def running(name: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [*(NODE if name.endswith(".js") else [sys.executable]), str(EXAMPLES / name), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_example_pay_asks_for_confirmation_and_the_example_watch_shows_the_held_payment(server: Running) -> None:
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
        said, wrong = paying.communicate("y\n", timeout=PATIENCE_SECONDS)
        assert (paying.returncode, wrong) == (0, "")
        assert said.splitlines()[-1].endswith("COMPLETED: 1538.00 left to spend.")
        assert watching.stdout.readline() == "1538.00 USD to spend, 0.00 held\n"


def test_the_example_request_prints_the_answer_to_the_money_request(server: Running) -> None:
    with running("request.py", "carol", PASSWORD, "bob", "12.00", f"{server.url}/graphql") as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline().startswith("bob is asked for 12.00 until ")
        decline_all_requests("bob", server.url)
        said, wrong = asking.communicate(timeout=PATIENCE_SECONDS)
    assert (asking.returncode, wrong) == (0, "")
    assert said.startswith("DECLINED at ")


def decline_all_requests(username: str, url: str) -> None:
    with httpx.Client(base_url=url, trust_env=False) as http:

        def ask(document: str, **variables: object) -> Any:
            answer = http.post("/graphql", json={"query": document, "variables": variables}).json()
            (value,) = answer["data"].values()
            return value

        signed_in = ask(SIGN_IN, input={"login": username, "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {signed_in['tokens']['accessToken']}"
        for request in ask(TO_ANSWER)["nodes"]:
            assert ask(DECLINE, **request) == {"errors": []}


def test_a_refused_payment_prints_the_servers_message(server: Running) -> None:
    with running("pay.py", "alice", PASSWORD, "nobody_here", "25.00", f"{server.url}/graphql") as paying:
        said, wrong = paying.communicate(timeout=PATIENCE_SECONDS)
    assert (paying.returncode, said) == (1, "")
    assert wrong == "No user with this username can be paid now.\n"


PROGRAMS = {
    "pay.py": ("alice", PASSWORD, "carol", "25.00"),
    "request.py": ("alice", PASSWORD, "bob", "12.00"),
    "watch.py": ("alice", PASSWORD),
    "balance.js": ("alice", PASSWORD),
}
"""Each program with valid arguments."""

LIBRARIES = {"client.py", "command_line.py", "live.py", "pocketpay.js"}
NOWHERE = "http://127.0.0.1:1/graphql"

programs = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs_node) if name.endswith(".js") else name for name in PROGRAMS]
)


def refused(name: str, *arguments: str) -> tuple[int, str]:
    """Runs a program that must fail. Returns its exit code and stderr; stdout is empty and there is no traceback."""
    with running(name, *arguments) as process:
        said, wrong = process.communicate("", timeout=PATIENCE_SECONDS)
    assert (said, wrong.count("\n    at "), "Traceback" in wrong) == ("", 0, False), wrong
    return process.returncode, wrong


def test_every_example_file_is_a_program_or_a_library() -> None:
    files = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".js")}
    assert files == {*PROGRAMS, *LIBRARIES}


@programs
def test_wrong_arguments_print_the_usage_and_an_example(name: str) -> None:
    good = PROGRAMS[name]
    for arguments in ((), good[:1], (*good, NOWHERE, "one too many")):
        code, wrong = refused(name, *arguments)
        assert code == 2
        assert wrong.startswith("usage: ")
        interpreter = "node" if name.endswith(".js") else "python"
        assert f"for example: {interpreter} examples/{name} " in wrong


@programs
@pytest.mark.parametrize("url", [NOWHERE, "nonsense"])
def test_an_unreachable_server_is_named_with_the_command_that_starts_one(name: str, url: str) -> None:
    code, wrong = refused(name, *PROGRAMS[name], url)
    assert (code, wrong.count("\n")) == (1, 1)
    assert wrong.startswith(f"No answer from a Pocket Pay server at {url}")
    assert "make run" in wrong


@programs
def test_a_url_that_is_not_the_api_is_reported(server: Running, name: str) -> None:
    code, wrong = refused(name, *PROGRAMS[name], f"{server.url}/nowhere")
    assert (code, wrong.count("\n")) == (1, 1)
    assert wrong.startswith(f"No answer from a Pocket Pay server at {server.url}/nowhere")


@programs
def test_a_wrong_password_prints_the_servers_message(server: Running, name: str) -> None:
    login, _, *more = PROGRAMS[name]
    code, wrong = refused(name, login, "not-her-password", *more, f"{server.url}/graphql")
    assert (code, wrong.count("\n")) == (1, 1)
    assert wrong == "The login or the password is wrong.\n"


@pytest.mark.parametrize("name", ["pay.py", "request.py"])
def test_an_invalid_amount_prints_the_servers_message(server: Running, name: str) -> None:
    login, password, somebody, _ = PROGRAMS[name]
    code, wrong = refused(name, login, password, somebody, "much", f"{server.url}/graphql")
    assert (code, wrong.count("\n")) == (1, 1)
    assert 'decimal text like "12.50"' in wrong


def test_a_payment_without_a_confirmation_is_not_made(server: Running) -> None:
    with running("pay.py", "bob", PASSWORD, "carol", "1.00", f"{server.url}/graphql") as paying:
        _, wrong = paying.communicate("", timeout=PATIENCE_SECONDS)
    assert (paying.returncode, wrong) == (1, "Not confirmed: the money is held until the payment expires.\n")


def test_the_example_watch_ends_with_one_sentence_when_the_server_stops(installation: Installation) -> None:
    stopping = installation.start()
    with running("watch.py", "alice", PASSWORD, f"{stopping.url}/graphql") as watching:
        assert watching.stdout is not None
        assert " USD to spend, " in watching.stdout.readline()
        assert stopping.stop() == 0
        _, wrong = watching.communicate(timeout=PATIENCE_SECONDS)
    assert (watching.returncode, wrong.count("\n")) == (1, 1)
    assert wrong.startswith(f"The connection to {stopping.url}/graphql was lost: ")


@needs_node
def test_the_javascript_program_shows_the_balance(server: Running) -> None:
    with running("balance.js", "carol", PASSWORD, f"{server.url}/graphql") as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().endswith(" USD to spend\n")


@needs_node
def test_running_the_javascript_module_prints_the_program_to_run() -> None:
    assert refused("pocketpay.js") == (0, "This is a module. A program that uses it: node examples/balance.js\n")


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_a_python_example_has_fewer_than_60_lines(example: Path) -> None:
    assert len(example.read_text().splitlines()) < MAX_LINES
