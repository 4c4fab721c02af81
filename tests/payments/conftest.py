"""A desk with default terms, and the tables behind it. After every test that moves money the books must be right."""

from collections.abc import AsyncIterator

import pytest

from pocketpay.payments.desk import Desk
from tests.conftest import Dsns
from tests.payments.customers import Records, open_desk, records_of


@pytest.fixture
async def records(module_dsn: Dsns) -> AsyncIterator[Records]:
    async with records_of(module_dsn.server, module_dsn.owner) as records:
        yield records


@pytest.fixture
async def desk(module_dsn: Dsns, records: Records) -> AsyncIterator[Desk]:
    async with open_desk(module_dsn.server) as desk:
        yield desk
    assert await records.findings() == []
