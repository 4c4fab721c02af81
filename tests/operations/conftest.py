"""Fixtures: a desk, and a database whose replies can be lost."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Dsns
from tests.desks import desk, dsns, kept, records, two_desks
from tests.identity.conftest import services
from tests.people import LosesReplies

__all__ = ["desk", "dsns", "kept", "losing", "records", "services", "two_desks"]


@pytest.fixture
async def losing(database_dsn: Dsns) -> AsyncIterator[LosesReplies]:
    """The same database as `database`; a test sets how many of its replies are lost."""
    opened = await LosesReplies.open(database_dsn.server)
    yield opened
    await opened.close()
