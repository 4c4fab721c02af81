"""A reception over a fresh database."""

from collections.abc import AsyncIterator

import pytest

from pocketpay.database.sessions import Database
from pocketpay.identity.reception import Reception
from tests.people import receiving


@pytest.fixture
async def reception(database: Database) -> AsyncIterator[Reception]:
    async with receiving(database) as opened:
        yield opened
