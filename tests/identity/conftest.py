"""Fixtures: the identity services on a fresh database."""

from collections.abc import AsyncIterator

import pytest

from pocketpay.database.sessions import Database
from pocketpay.identity.services import IdentityServices
from tests.people import receiving


@pytest.fixture
async def services(database: Database) -> AsyncIterator[IdentityServices]:
    async with receiving(database) as opened:
        yield opened
