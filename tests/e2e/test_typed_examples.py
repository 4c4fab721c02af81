"""Runs the typed clients of examples/typescript and examples/python, built by `make examples`, against a server."""

import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pocketpay.onboarding.demo import PASSWORD
from tests.e2e.processes import Installation, Running
from tests.e2e.proxy import Proxy, proxying

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
COMMANDS = {
    "typescript": [str(ROOT / "scripts" / "npm"), "--silent", "start", "--"],
    "python": [str(ROOT / ".venvs" / "examples" / "bin" / "python"), "main.py"],
}
NOWHERE = "http://127.0.0.1:1/graphql"

pytestmark = [
    pytest.mark.skipif(
        not (ROOT / ".make" / "examples").exists(), reason="the typed examples are not built: make examples"
    ),
    pytest.mark.parametrize("name", COMMANDS),
]


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start(RAPID_TRANSFER_ACTION="off")  # many payments of alice in a minute
    yield running
    assert running.stop() == 0
    assert running.tracebacks() == []


def run(name: str, *arguments: str, answer: str = "") -> tuple[int, list[str], str]:
    """Runs a client. Returns its exit code, the lines of stdout, and stderr."""
    done = subprocess.run(
        [*COMMANDS[name], *arguments],
        cwd=EXAMPLES / name,
        input=answer,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert "\n    at " not in done.stderr
    return done.returncode, done.stdout.splitlines(), done.stderr


def spent(lines: list[str]) -> Decimal:
    """Returns how much the balance decreased between the first line and the last."""
    before, after = (re.fullmatch(r"(\d+\.\d\d) USD to spend", line) for line in (lines[0], lines[-1]))
    assert before, lines
    assert after, lines
    return Decimal(before[1]) - Decimal(after[1])


def test_a_payment_is_made_and_the_new_balance_is_printed(server: Running, name: str) -> None:
    code, lines, wrong = run(name, "alice", PASSWORD, "bob", "1.00", f"{server.url}/graphql")
    assert (code, wrong) == (0, "")
    assert lines[1:-1] == ["COMPLETED"]
    assert spent(lines) == 1


def test_a_lost_response_is_retried_with_the_same_key_and_pays_once(server: Running, name: str) -> None:
    proxy = Proxy(server.url, loses_answer=True)
    with proxying(proxy) as url:
        code, lines, wrong = run(name, "alice", PASSWORD, "bob", "1.00", f"{url}/graphql")
    assert (code, proxy.did) == (0, 1), wrong
    assert "Trying again with the same key." in wrong
    assert lines[1:-1] == ["COMPLETED, by an earlier try"]
    assert spent(lines) == 1


def test_an_invalid_token_is_refreshed_and_the_request_is_repeated(server: Running, name: str) -> None:
    proxy = Proxy(server.url, spoils_token=True)
    with proxying(proxy) as url:
        code, lines, wrong = run(name, "alice", PASSWORD, "bob", "1.00", f"{url}/graphql")
    assert (code, wrong, proxy.did) == (0, "", 1)
    assert lines[1:-1] == ["COMPLETED"]
    assert spent(lines) == 1


def test_a_payment_to_a_new_recipient_is_not_made_without_confirmation(server: Running, name: str) -> None:
    code, lines, wrong = run(name, "alice", PASSWORD, "carol", "1.00", f"{server.url}/graphql", answer="n\n")
    assert (code, lines[1]) == (1, "You have not paid this person before.")
    assert lines[2].startswith("Pay carol 1.00? [y/N]")
    assert wrong == "Not confirmed: the money is held until the payment expires.\n"


def test_refusals_print_the_servers_messages(server: Running, name: str) -> None:
    url = f"{server.url}/graphql"
    code, lines, wrong = run(name, "alice", "not-her-password", "bob", "1.00", url)
    assert (code, lines, wrong) == (1, [], "The login or the password is wrong.\n")
    code, _, wrong = run(name, "alice", PASSWORD, "nobody_here", "1.00", url)
    assert (code, wrong) == (1, "No user with this username can be paid now.\n")
    code, _, wrong = run(name, "alice", PASSWORD, "bob", "much", url)
    assert (code, wrong.count("\n"), 'decimal text like "12.50"' in wrong) == (1, 1, True), wrong


def test_wrong_arguments_print_the_usage_and_an_example(name: str) -> None:
    for arguments in ((), ("alice", PASSWORD, "bob"), ("alice", PASSWORD, "bob", "1.00", NOWHERE, "one too many")):
        code, lines, wrong = run(name, *arguments)
        assert (code, lines) == (2, [])
        assert wrong.startswith("usage: ")
        assert "for example: " in wrong


@pytest.mark.parametrize("url", [NOWHERE, "nonsense"])
def test_an_unreachable_server_is_named_with_the_command_that_starts_one(name: str, url: str) -> None:
    code, lines, wrong = run(name, "alice", PASSWORD, "bob", "1.00", url)
    assert (code, lines, wrong.count("\n")) == (1, [], 1)
    assert wrong.startswith(f"No answer from a Pocket Pay server at {url}")
    assert "make run" in wrong
