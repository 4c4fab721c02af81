"""Helpers for tests: identity services, and users who have signed up."""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from functools import cache
from typing import TypeAlias

from asyncpg import Connection, Record

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database, Session
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.ledger.repository import postings
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.lock_out import require_unlocked
from pocketpay.onboarding.sign_up import sign_up
from pocketpay.settings import SecretKeys, Settings

Owner: TypeAlias = "Connection[Record]"
"""A connection as the owner of every table, to prepare data and to check it without the server."""

SECRET = (b"a key for tests, thirty-two bytes or more",)
"""The secret keys of the servers in tests."""
PASSWORD = "violet-harbour-19"
HOME, ELSEWHERE = "192.0.2.10", "198.51.100.7"


@cache
def made(**overrides: Hashable) -> Settings:
    """Settings that are read from no file. Settings are immutable, so equal ones are created once."""
    return Settings(_env_file=None, **overrides)  # type: ignore[call-arg, arg-type]  # pydantic accepts both


@asynccontextmanager
async def receiving(
    database: Database, secret_keys: SecretKeys = SECRET, /, **overrides: object
) -> AsyncIterator[IdentityServices]:
    """Opens the identity services of a server on that database, with the house accounts."""
    settings = made(**overrides)
    async with database.write() as session:
        await postings.ensure_house_accounts(session, settings.served_currencies)
    services = IdentityServices.open(database, settings, secret_keys, require_unlocked=require_unlocked)
    yield services
    services.close()


async def arrive(
    services: IdentityServices,
    username: str = "ada",
    *,
    address: str = HOME,
    user_agent: str | None = "tests",
    **more: str,
) -> Admission:
    """Signs up a user with PASSWORD."""
    settings = made()
    form = Form(username, username.title(), PASSWORD, **more)
    signed_up = await sign_up(services, settings, form, address=address, user_agent=user_agent)
    assert signed_up.admission is not None, signed_up.refusals
    return signed_up.admission


async def has_verified_email(database: Database, username: str = "ada") -> None:
    """Marks that user's email address as verified."""
    async with database.write() as session:
        await session.execute("update users set email_verified_at = clock_timestamp() where username = $1", username)


async def has_verified_phone(database: Database, username: str = "ada") -> None:
    """Marks that user's phone number as verified."""
    async with database.write() as session:
        await session.execute("update users set phone_verified_at = clock_timestamp() where username = $1", username)


async def facts(owner: Owner, sql: str, *arguments: object) -> tuple[object, ...]:
    """Returns the only row of the query."""
    (row,) = await owner.fetch(sql, *arguments)
    return tuple(row)


class LosesReplies(Database):
    """A database whose next `losses` commits are executed, but whose replies are lost."""

    losses = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        async with super().write() as session:
            yield session
        if self.losses:
            self.losses -= 1
            raise ServiceBusy("the reply was lost", may_have_happened=True)
