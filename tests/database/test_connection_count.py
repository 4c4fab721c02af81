"""How many connections the processes of a server hold."""

import asyncpg
import pytest

from pocketpay.database import startup
from pocketpay.database.connection_count import Sizes, divide
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.roles import LOGIN
from pocketpay.database.sessions import Database
from tests.conftest import Dsns


@pytest.mark.parametrize(
    ("allowed", "processes", "sends_mail", "sizes"),
    [
        (97, 1, True, Sizes(4, 2)),
        (18, 2, False, Sizes(4, 2)),
        (17, 2, False, Sizes(4, 2, lanes=1)),
        (16, 2, False, Sizes(4, 2, lanes=1)),
        (15, 2, False, Sizes(3, 2, lanes=1)),
        (13, 2, False, Sizes(2, 2, lanes=1)),
        (10, 2, False, Sizes(2, 1, lanes=1)),
        (4, 1, False, Sizes(1, 1, lanes=1)),
        (12, 2, True, Sizes(1, 1, lanes=1)),
    ],
)
def test_allowed_connections_are_divided_among_processes(
    allowed: int, processes: int, sends_mail: bool, sizes: Sizes
) -> None:
    plan = divide(allowed, processes, sends_mail=sends_mail)
    fixed = 4 if sends_mail else 2
    assert plan.sizes == sizes
    assert processes * (fixed + sizes.readers + sizes.writers + sizes.lanes - 1) <= allowed
    assert plan.is_short == ((sizes.readers, sizes.writers) != (4, 2))
    assert str(allowed) in plan.sentence


@pytest.mark.parametrize(("allowed", "processes", "sends_mail"), [(3, 1, False), (7, 2, False), (5, 1, True)])
def test_too_few_connections_are_refused_with_the_numbers(allowed: int, processes: int, sends_mail: bool) -> None:
    with pytest.raises(DatabaseUnavailable, match=rf"allows this login {allowed} connections.*at least \d+.*Raise"):
        divide(allowed, processes, sends_mail=sends_mail)


async def test_the_limits_of_postgresql_the_database_and_the_role_count(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    usable = await owner.fetchval(
        "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        " - current_setting('reserved_connections')::int"
    )
    free = await startup.plan_connections(database_dsn.server, 1, sends_mail=False)
    assert f" {usable} connections" in free.sentence
    name = await owner.fetchval("select current_database()")
    await owner.execute(f"alter database {name} connection limit 5")
    limited = await startup.plan_connections(database_dsn.server, 1, sends_mail=False)
    assert (limited.sizes, limited.is_short) == (Sizes(2, 1, lanes=1), True)
    await owner.execute(f"alter role {LOGIN} connection limit 3")
    try:
        with pytest.raises(DatabaseUnavailable, match="allows this login 3 connections"):
            await startup.plan_connections(database_dsn.server, 1, sends_mail=False)
    finally:
        await owner.execute(f"alter role {LOGIN} connection limit -1")


async def test_a_database_opens_the_given_number_of_connections(database_dsn: Dsns) -> None:
    database = await Database.open(database_dsn.server, readers=1, writers=1)
    async with database.read(), database.write():
        with pytest.raises(ServiceBusy, match="busy"):
            async with database.read():
                pass
    await database.close()
