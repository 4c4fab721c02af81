"""Random walks with a bank that fails in every way: nothing is lost and nothing is done twice.

BANK_WALKS in the environment sets their number: `make bank-faults`.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests import databases
from tests.bank_faults.steps import Step, steps
from tests.bank_faults.walk import walking

WALKS = int(os.environ.get("BANK_WALKS", "12"))

FIGURES: Counter[str] = Counter()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """The event loop of the walks. A database is taken and given back outside of it."""
    with asyncio.Runner() as runner:
        yield runner


@settings(max_examples=WALKS, suppress_health_check=list(HealthCheck))
@given(taken=steps)
def test_the_books_agree_with_the_bank_after_any_trouble(
    runner: asyncio.Runner, postgres: EmbeddedPostgres, taken: list[Step]
) -> None:
    with databases.recycled(postgres) as dsns:
        runner.run(walk(dsns, taken))


async def walk(dsns: databases.Dsns, taken: list[Step]) -> None:
    async with walking(dsns, seed=len(taken)) as made:
        await made.take(taken)
        await made.rest()
        await made.compare()
        FIGURES.update(made.figures + made.stand_in.api.faults.met)
    FIGURES["walks"] += 1
