"""Fixtures: an outbox with mails, and an SMTP server."""

from collections.abc import AsyncIterator

import pytest

from pocketpay.database.sessions import Database
from tests.mail.outboxes import Post, posting
from tests.mail.smtp_server import SmtpServer, smtp_serving


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpServer]:
    async with smtp_serving() as server:
        yield server


@pytest.fixture
async def post(database: Database) -> AsyncIterator[Post]:
    async with posting(database) as one:
        yield one
