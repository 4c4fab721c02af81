"""Command lines of `pocketpay operator`: every command, with missing, odd and unknown arguments.

A command ends with 0, 1 or 2 and without a traceback. What it refuses changes nothing.
"""

import asyncio
import io
import signal
import time
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
import typer
from typer.testing import CliRunner

from pocketpay.cli import preparing
from pocketpay.cli.operator import operator
from pocketpay.cli.verbs import verbs
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.errors import PocketPayError
from pocketpay.operations import audit
from tests.conftest import Dsns, fresh_copy
from tests.fuzz.pool import AMOUNTS, LONE, NUL, ODD_IDS, TAGS, TEXTS
from tests.fuzz.rounds import Round, reported, rounds
from tests.fuzz.served import MAX_CPU_SECONDS, USERNAMES, checksums, serving, watched_log

TYPED = tuple(
    text for text in (*TEXTS, *AMOUNTS, "-", "--", "--help", "-x", "=", "\udcff", "\udcc3\udc28") if "\0" not in text
)
"""Arguments that a shell can pass: no NUL; bytes that are not UTF-8 arrive as lone surrogates."""
assert NUL not in TYPED


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The commands run here: on a cluster that is not durable, which they would refuse, and with their signals."""
    monkeypatch.setattr(preparing, "prepare", lambda *_: None)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def commands() -> dict[tuple[str, ...], list[Any]]:
    """Every command of operators, with its parameters."""
    found: dict[tuple[str, ...], list[Any]] = {}

    def add(path: tuple[str, ...], command: Any) -> None:
        for name, one in getattr(command, "commands", {}).items():
            add((*path, name), one)
        if path and (not getattr(command, "commands", {}) or command.invoke_without_command):
            found[path] = list(command.params)

    add((), typer.main.get_command(operator))
    return found


def test_unusual_command_lines_cause_no_traceback(postgres: EmbeddedPostgres) -> None:
    assert len(commands()) >= 14
    for round in rounds("odd_command_lines", cases=30):
        with fresh_copy(postgres) as dsns, reported(round):
            ids = asyncio.run(_populate(dsns, round))
            _round(dsns, round, ids)


async def _populate(dsns: Dsns, round: Round) -> list[str]:
    async with serving(dsns, round) as fuzzed:
        return list(fuzzed.pool.ids)


def _round(dsns: Dsns, round: Round, ids: list[str]) -> None:
    chance, every = round.chance, commands()
    before = asyncio.run(_sums(dsns))
    for _ in range(round.cases):
        path = chance.choice([*every])
        line = ["operator", *path]
        for parameter in every[path]:
            if (
                parameter.name == "help"
                or (not parameter.required and chance.random() < 0.6)
                or chance.random() < 0.03
            ):
                continue
            value = _value(round, parameter, ids)
            line += [value] if parameter.param_type_name == "argument" else _option(parameter, value)
        if chance.random() < 0.1:
            line.insert(chance.randrange(1, len(line) + 1), chance.choice(TYPED))
        round.note(line)
        began = time.thread_time()
        with watched_log() as errors:
            done = CliRunner().invoke(verbs, line, env={"DATABASE_URL": dsns.server, "COLUMNS": "200"})
        assert time.thread_time() - began < MAX_CPU_SECONDS
        assert done.exception is None or isinstance(done.exception, SystemExit | PocketPayError), done.exception
        assert done.exit_code in (0, 1, 2), done.exit_code
        assert "Traceback" not in done.output
        assert not errors.records, errors.records[:3]
        after = asyncio.run(_sums(dsns))
        if done.exit_code != 0:
            assert {name for name, sum_ in after.items() if sum_ != before[name]} == set()
        before = after
    found = io.StringIO()
    assert asyncio.run(audit.report(dsns.server, found)) == 0, found.getvalue()


async def _sums(dsns: Dsns) -> dict[str, str]:
    owner = await asyncpg.connect(dsns.owner)
    try:
        return await checksums(owner)
    finally:
        await owner.close()


def _option(parameter: Any, value: str) -> list[str]:
    name = parameter.opts[0]
    return [name] if getattr(parameter, "is_flag", False) else [f"{name}={value}"]


def _value(round: Round, parameter: Any, ids: list[str]) -> str:
    chance, name = round.chance, parameter.name or ""
    if chance.random() < 0.3:
        return chance.choice((*TYPED, f"{chance.choice(TAGS)}_{chance.choice(ODD_IDS[:-5])}")).replace(LONE, "\udcff")
    if name == "for_":
        return chance.choice(("debits", "all"))
    if name == "amount":
        return chance.choice(("1.00", "0.01"))
    if name == "limit":
        return chance.choice(("1", "50"))
    if name == "name":
        return chance.choice(("RAPID_TRANSFER_COUNT", "large_transfer_action"))
    if name == "value":
        return chance.choice(("5", "confirm"))
    if name == "reason":
        return "Why not"
    return chance.choice((*USERNAMES, *ids))
