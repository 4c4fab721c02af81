"""A customer of a bank on Stripe, and a whole server."""

from collections.abc import AsyncIterator

import pytest

from pocketpay.database.sessions import Database
from tests.banking.stripe.customers import Customer, customer_of
from tests.clients import client

__all__ = ["client", "customer"]


@pytest.fixture
async def customer(database: Database) -> AsyncIterator[Customer]:
    async with customer_of(database) as made:
        yield made
