"""The runner, with three mutations: one that a test finds, one that no test finds, and one that does not apply."""

from collections.abc import Iterator
from queue import SimpleQueue
from subprocess import Popen

import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.mutations import runner
from tests.mutations.runner import Task

FUNDS = (
    "payments/spending.py insufficient_funds: InsufficientFunds(needed, available) if available < needed else None"
)
FINDS_IT = "tests/payments/test_transfer.py::test_a_transfer_above_the_balance_is_stored_as_failed"
HARMLESS = "tests/test_money.py::test_currencies_have_the_exponents_of_iso_4217"
CHECK = "alter table cards drop constraint ck_cards_last4_is_four_digits"
REFUSES = "tests/database/test_constraints.py::test_the_database_refuses_the_statement[ck_cards_last4_is_four_digits]"


@pytest.fixture(scope="module")
def idle(postgres: EmbeddedPostgres) -> "Iterator[SimpleQueue[Popen[str]]]":
    with runner.workers(postgres.data, postgres.data.parent / "home", 1) as idle:
        yield idle


def test_a_worker_reports_what_is_killed_what_survives_and_what_does_not_apply(
    idle: "SimpleQueue[Popen[str]]",
) -> None:
    tasks = [
        Task("found", (FINDS_IT,), guard=FUNDS),
        Task("not found", (HARMLESS,), guard=FUNDS),
        Task("no such guard", (FINDS_IT,), guard=FUNDS.replace("available < needed", "luck")),
        Task("no such test", ("tests/test_money.py::test_luck",), guard=FUNDS),
        Task("a guard of the database", (REFUSES,), statements=(CHECK,)),
        Task("nothing removed", (HARMLESS,)),
    ]
    found = {one.task.name: (one.result, one.test) for one in runner.run(tasks, idle, 1)}
    assert {name: result for name, (result, _) in found.items()} == {
        "found": "killed",
        "not found": "survived",
        "no such guard": "does not apply",
        "no such test": "error",
        "a guard of the database": "killed",
        "nothing removed": "survived",
    }
    assert (found["found"][1], found["a guard of the database"][1]) == (FINDS_IT, REFUSES)


def test_a_test_that_hangs_is_ended_after_its_time(
    idle: "SimpleQueue[Popen[str]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SECONDS", 0.01)
    (found,) = runner.run([Task("slow", (FINDS_IT,), guard=FUNDS)], idle, 1)
    assert found.result == "too slow"
    monkeypatch.undo()
    (after,) = runner.run([Task("next", (HARMLESS,))], idle, 1)
    assert after.result == "survived"
