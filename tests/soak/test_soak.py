"""A short form of `make soak`: a few walks over HTTP and in memory, with one fault of each of the worst kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.processes import Installation
from tests.soak import in_memory, over_http
from tests.soak.__main__ import Goal, report
from tests.soak.faults import FAULTS, KILLS, kill_backend, kill_second_server, lose_commits, lose_replies
from tests.soak.in_memory import InMemory, Walked
from tests.soak.over_http import OverHttp
from tests.walks.history import Verdict
from tests.walks.table_walk import TableWalk

OPERATIONS = 4 * over_http.PROGRESS
HANGS_SECONDS = 240.0


@pytest.fixture
def installation(cluster_home: Path, seeded_data: Path) -> Iterator[Installation]:
    with processes.installation(cluster_home / "soak", seeded_data) as made:
        yield made


async def test_nothing_is_lost_or_doubled_when_a_backend_a_server_and_replies_are_lost(
    installation: Installation,
) -> None:
    """`make soak` causes the others too, and many of each."""
    result = await over_http.run(
        installation,
        seed=1,
        operations=OPERATIONS,
        kills=2,
        seconds=HANGS_SECONDS,
        each=(lose_replies, lose_commits, kill_backend, kill_second_server),
        at_once=4,
    )
    assert result.findings == []
    assert result.verdict.is_right, result.verdict
    assert result.operations >= OPERATIONS
    assert result.kills >= 2
    assert result.verdict.acknowledged > 0
    assert result.verdict.refused > 0


def test_a_walk_has_the_same_instructions_each_time() -> None:
    assert in_memory.walk(5) == in_memory.walk(5)


def test_the_error_of_a_failed_walk_says_how_to_replay_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(walk: object) -> None:
        raise AssertionError("they disagree")

    monkeypatch.setattr(TableWalk, "run", fails)
    failed = InMemory(5, 1, [in_memory.walk(5)])
    (problem,) = failed.problems
    assert problem.startswith("make model FIRST_WALK=5 WALKS=1 ")
    assert "they disagree" in problem


def test_kills_are_named_so_that_the_report_finds_them() -> None:
    for kind, faults in FAULTS.items():
        assert {fault.__name__.startswith("kill_") for fault, _ in faults} == {kind == KILLS}


@pytest.mark.parametrize(
    ("verdict", "findings", "shows"),
    [
        (Verdict(), [], "the journal replays"),
        (Verdict(lost=["key 1"]), [], "key 1"),
        (Verdict(doubled=["key 2"]), [], "key 2"),
        (Verdict(wrong=["key 3"]), [], "key 3"),
        (Verdict(), ["the audit"], "the audit"),
    ],
)
def test_the_report_shows_what_was_found(verdict: Verdict, findings: list[str], shows: str) -> None:
    memory = InMemory(5, 2, [Walked(5, 10)])
    http = OverHttp(5, operations=7, kills=1, faults={"kill_backend": 1}, verdict=verdict, findings=findings)
    goal = Goal(5, 1.0, instructions=10, operations=7, kills=1)
    assert goal.is_reached(memory, http)
    assert any(shows in line for line in report(goal, memory, http))
    assert not Goal(5, 1.0).is_reached(memory, http)
