"""Random walks with a bank that fails in every way: nothing is lost and nothing is done twice.

BANK_WALKS in the environment sets their number: `make bank-faults`.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests import databases, warm_connections
from tests.bank_faults.steps import Step, steps
from tests.bank_faults.walk import walking
from tests.stripe_stand_in.faults import Fault

WALKS = int(os.environ.get("BANK_WALKS", "5"))

IS_LONG = "BANK_WALKS" in os.environ

FIGURES: Counter[str] = Counter()


def figures(counted: Counter[str]) -> str:
    """Returns what happened in the walks, for people."""
    faults = sum(counted[fault] for fault in Fault)
    return (
        f"{counted['walks']} walks: {counted['orders']} orders, {counted['cut off']} times a server died, "
        f"{faults} faults, {counted['acts of banks']} acts of banks, {counted['events']} events, "
        f"{counted['forged']} forged. {counted['deposits completed']} deposits and "
        f"{counted['withdrawals completed']} withdrawals completed, {counted['returned']} returned. "
        "0 doubled, 0 lost."
    )


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """The event loop of the walks, which keeps their connections. Databases are taken and returned outside of it."""
    with asyncio.Runner() as runner, ExitStack() as stack:
        runner.run(_keep_connections(stack))
        yield runner
        runner.run(_close(stack))
    if IS_LONG:
        sys.stderr.write(f"\n{figures(FIGURES)}\n")


@settings(max_examples=WALKS, derandomize=not IS_LONG, database=None, suppress_health_check=list(HealthCheck))
@given(taken=steps)
def test_the_books_agree_with_the_bank_after_any_trouble(
    runner: asyncio.Runner, postgres: EmbeddedPostgres, taken: list[Step]
) -> None:
    with databases.recycled(postgres) as dsns:
        runner.run(walk(dsns, taken))


async def _keep_connections(stack: ExitStack) -> None:
    stack.enter_context(warm_connections.kept())


async def _close(stack: ExitStack) -> None:
    stack.close()


async def walk(dsns: databases.Dsns, taken: list[Step]) -> None:
    async with walking(dsns, seed=len(taken)) as made:
        await made.take(taken)
        await made.rest()
        await made.compare()
        FIGURES.update(made.figures)
        FIGURES.update(made.stand_in.api.faults.met)
    FIGURES["walks"] += 1
