"""Helpers for tests of the ledger's rules: attempts that a named constraint must refuse, or that are rolled back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
import pytest
from asyncpg import Connection, Record

from tests.ledger.books import EVERYTHING, Movement, Scene, payment

Writer: TypeAlias = "Connection[Record]"

SUM = "ledger_entries_sum_to_zero"
CHAIN = "ledger_entries_chain"
APPEND_ONLY = "ledger_entries_append_only"
OVERSPENT = "ck_ledger_accounts_available_not_negative"


@asynccontextmanager
async def refused(writer: Writer, constraint: str) -> AsyncIterator[None]:
    """Checks that the block is refused by that constraint, and that it changed nothing."""
    before = await writer.fetchval(EVERYTHING)
    transaction = writer.transaction()
    await transaction.start()
    try:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as violation:
            yield
    finally:
        await transaction.rollback()
    assert violation.value.constraint_name == constraint
    assert await writer.fetchval(EVERYTHING) == before


@asynccontextmanager
async def undone(writer: Writer) -> AsyncIterator[None]:
    """Runs the block, which must be allowed, and rolls it back so that other tests do not see it."""
    transaction = writer.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


def honest(scene: Scene) -> Movement:
    return payment(scene.alice, scene.bob)
