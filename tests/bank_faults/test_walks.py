"""Random walks with a bank that fails in every way: nothing is lost and nothing is done twice.

BANK_WALKS in the environment sets their number: `make bank-faults`.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings

from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.payments.bank_return import BookReturn
from pocketpay.payments.desk import Desk
from pocketpay.payments.link_bank_account import LinkBankAccount
from pocketpay.payments.remove_bank_account import RemoveBankAccount
from pocketpay.payments.update_bank_account import UpdateBankAccount
from tests import databases, warm_connections
from tests.bank_faults.steps import (
    BankActs,
    Deliver,
    Forge,
    Hours,
    Order,
    Plan,
    Relink,
    Repeat,
    SendAgain,
    Step,
    Sweep,
    TopUp,
    Trouble,
    steps,
)
from tests.bank_faults.walk import walking
from tests.stripe_stand_in.faults import Fault
from tests.stripe_stand_in.webhooks import Delivery

RULES: set[type[Instruction]] = {BookReturn, LinkBankAccount, RemoveBankAccount, UpdateBankAccount}
"""The rules that only these walks execute. `tests/walks` must reach all others."""

WALKS = int(os.environ.get("BANK_WALKS", "2"))

ONE_OF_EACH: list[Step] = [
    Trouble(Fault.DROP_ANSWER, "POST /v1/payment_intents*", 1),
    Order(0, "deposit", 700),
    Hours(25),
    Sweep(both=True),
    BankActs("settle", 0),
    Deliver(Delivery.BACKWARDS),
    Order(0, "withdrawal", 400, instant=True),
    BankActs("pay", 0),
    Sweep(both=False),
    BankActs("fail", 0),
    Deliver(Delivery.TWICE),
    BankActs("dispute", 0),
    Sweep(both=True, turns=20),
    Forge(0),
    Trouble(Fault.ERROR_AFTER, "POST /v1/payouts*", 1),
    Order(1, "withdrawal", 300),
    Sweep(both=True),
    Order(1, "deposit", 900, turns=12),
    Repeat(3),
    SendAgain(2),
    TopUp(-5_000),
    Order(1, "withdrawal", 500),
    Relink(0, "deposit"),
    Plan(0, "declined_at_once"),
    Order(0, "deposit", 800),
]
"""A walk that takes a step of each kind: a lost answer whose key is forgotten, a payout that fails after it was paid,
a lost dispute, forged events, a saved 500, an empty balance, a decline."""

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
    reached: set[type[Instruction]] = set()
    submit = Desk.submit

    def noted(desk: Desk, instruction: Instruction, *, weight: int = 1) -> Coroutine[Any, Any, Answer]:
        reached.add(type(instruction))
        return submit(desk, instruction, weight=weight)

    with asyncio.Runner() as runner, ExitStack() as stack, patch.object(Desk, "submit", noted):
        runner.run(_keep_connections(stack))
        yield runner
        runner.run(_close(stack))
    assert reached >= RULES, "the walks must reach every rule of bank accounts"
    if IS_LONG:
        sys.stderr.write(f"\n{figures(FIGURES)}\n")


@example(taken=ONE_OF_EACH)
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
