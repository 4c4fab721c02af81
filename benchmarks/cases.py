"""The cases of a comparison. Each case puts one load on a prepared side for some seconds and returns a Window."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import crowd, pushes, wrk
from benchmarks.crowd import Person
from benchmarks.errors import BenchmarkError
from benchmarks.side import Side
from benchmarks.stopping import run
from benchmarks.window import Window

BATCH = 50
"""The transfers of a batch, as in load.lua."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A side whose server is populated, with the files from which wrk reads who pays whom."""

    side: Side
    people: list[Person]
    everybody: Path
    pair: Path


@dataclass(frozen=True, slots=True)
class Case:
    """A load and its number of clients."""

    label: str
    clients: int
    run: Callable[[Prepared, int], Window]


def prepare(*sides: Side) -> list[Prepared]:
    """Populates the running servers of all sides concurrently."""

    async def populate() -> list[list[Person]]:
        return await asyncio.gather(*(crowd.make(side.port) for side in sides))

    return [
        Prepared(
            side,
            people,
            crowd.write_targets(
                side.home / "everybody.tsv",
                [(person, crowd.payees_of(people, number)) for number, person in enumerate(people)],
            ),
            crowd.write_targets(side.home / "pair.tsv", [(people[0], [people[1]]), (people[1], [people[0]])]),
        )
        for side, people in zip(sides, run(populate()), strict=True)
    ]


def transfers(clients: int) -> Case:
    """Random users pay one cent to people whom they have paid before."""
    return Case("transfer", clients, lambda at, seconds: _wrk(at.side, "transfer", at.everybody, clients, seconds))


def hot_pair(clients: int) -> Case:
    """Two users pay each other, so that every payment locks the same two wallets."""
    return Case(
        "transfer, hot pair", clients, lambda at, seconds: _wrk(at.side, "transfer", at.pair, clients, seconds)
    )


def batches(clients: int) -> Case:
    """Random users pay one cent to BATCH people in one request. The figures are those of one transfer."""

    def measure(at: Prepared, seconds: int) -> Window:
        window = _wrk(at.side, "batch", at.everybody, clients, seconds)
        return replace(window, operations=window.operations * BATCH)

    return Case(f"transfer in a batch of {BATCH}", clients, measure)


def balances(clients: int) -> Case:
    """Random users query their own balance."""
    return Case("balance", clients, lambda at, seconds: _wrk(at.side, "balance", at.everybody, clients, seconds))


def pushed_balances() -> Case:
    """Subscribers receive the balances of wallets that are paid."""

    def measure(at: Prepared, seconds: int) -> Window:
        return run(pushes.measure(at.side.port, at.people, seconds, at.side.cpu))

    return Case("push", pushes.SOCKETS, measure)


def _wrk(side: Side, load: str, targets: Path, clients: int, seconds: int) -> Window:
    before = side.cpu()
    answers = wrk.run(side.port, load, targets, clients, seconds)
    used = side.cpu() - before
    if answers.unanswered or not answers.count:
        raise BenchmarkError(
            f"{side.label}, {load}: {answers.count} answers, {answers.unanswered} without an answer."
        )
    return Window(answers.count, answers.count / answers.per_second, used)
