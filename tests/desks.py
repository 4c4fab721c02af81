"""Fixtures: a desk, and access to its tables. After every test that uses them the audit must find nothing.

The conftest of a package whose tests move money imports them.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from pocketpay.clearing.terms import Terms
from pocketpay.payments.desk import Desk
from tests.conftest import Dsns
from tests.payments.customers import Records, open_desk, records_of, terms


@pytest.fixture
def dsns(module_dsn: Dsns) -> Dsns:
    """The database of the test. A module whose tests count rows overrides it with one database per test."""
    return module_dsn


@pytest.fixture
def kept() -> Terms:
    """The terms of the desks. A module may override it."""
    return terms()


@pytest.fixture
async def records(warm: None, dsns: Dsns) -> AsyncIterator[Records]:
    async with records_of(dsns.server, dsns.owner) as records:
        yield records


@pytest.fixture
async def desk(dsns: Dsns, records: Records, kept: Terms) -> AsyncIterator[Desk]:
    async with open_desk(dsns.server, kept) as desk:
        yield desk
    await records.reopen_wallets()
    assert await records.findings() == []


@pytest.fixture
async def two_desks(dsns: Dsns, records: Records, kept: Terms) -> AsyncIterator[list[Desk]]:
    """Two servers on one database."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_desk(dsns.server, kept)) for _ in range(2)]
    await records.reopen_wallets()
    assert await records.findings() == []
