"""`pocketpay operator reverse` with `--amount` and `--available`: the arguments of the call, and the printed
result."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import pytest
from typer.testing import CliRunner

from pocketpay.api import ids
from pocketpay.cli.operator import operator
from pocketpay.payments.desk import Desk
from tests.conftest import Dsns
from tests.payments.customers import open_desk, person, send, without_risk_rules

T = TypeVar("T")


@dataclass
class DeskOnly:
    """A console that opens the test's desk."""

    opened: Desk

    async def desk(self) -> Desk:
        return self.opened


def at_a_desk(dsn: str, work: Callable[[DeskOnly], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_desk(dsn, without_risk_rules()) as desk:
            return await work(DeskOnly(desk))

    return asyncio.run(run())


async def _paid(console: DeskOnly) -> UUID:
    ada, bob = await person(console.opened, funds="10.00"), await person(console.opened)
    paid = (await send(console.opened, ada, bob, "10.00")).transaction
    await send(console.opened, bob, await person(console.opened), "0.01")
    return paid.id


def test_a_part_or_the_available_amount_is_reversed(module_dsn: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    # `actions` in the package is its Typer app, so the module is looked up by its name as text.
    verbs = sys.modules["pocketpay.cli.operator.actions"]
    monkeypatch.setattr(verbs, "with_console", lambda work: at_a_desk(module_dsn.server, work))
    id = ids.encode(ids.TRANSACTION, at_a_desk(module_dsn.server, _paid))
    for options, amount in ((("--amount", "4.00"), "4.00"), (("--available",), "5.99")):
        told = CliRunner().invoke(operator, ["reverse", id, "--reason", "Fraud", *options])
        assert told.exit_code == 0, told.output
        assert told.output.startswith(f"{amount} USD of {id} refunded by transaction_")
