"""Databases for tests: copies of the migrated database of a cluster.

    fresh_copy   a new database, dropped after the block
    recycled     a database without rows, used by one test at a time: one that an earlier test used, or a new one

Creating and dropping a database costs PostgreSQL 17 ms, and the first statements on a new one as much again. Emptying
one costs 2 ms. A database is used again only if nothing but its rows has changed (`CATALOGS`).
"""

import asyncio
import itertools
import os
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from tests.patience import PATIENCE_SECONDS
from tests.warm_connections import idle_backends, kept_dsns

TEMPLATE = "migrated"
MAX_DROPPING = 8
MAX_USES = 40
"""Deleted rows stay in the files until they are vacuumed, so a database is dropped after this many tests."""

_numbers = itertools.count(1)

SEEDED = ("alembic_version", "served_revisions")
"""The tables with rows in a new database."""

TABLES = """
select c.oid::regclass::text from pg_class c
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname <> all($1::text[])
"""

CATALOGS = (
    *("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_trigger", "pg_rewrite", "pg_policy"),
    *("pg_proc", "pg_type", "pg_namespace", "pg_default_acl", "pg_sequence", "pg_statistic", "pg_event_trigger"),
)
"""Everything in a database except its rows. Each change of a catalog writes a row version with a new xmin."""

FEW_PAGES = 10
"""Up to this size of a table without statistics, PostgreSQL plans for a table of this size. A database with a larger
table is not used again, because its plans may differ from those of a new one."""

LARGE = f"""
select exists (select from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
    and pg_relation_size(oid) > {FEW_PAGES} * current_setting('block_size')::int)
"""

STATE = "select array[{}]".format(
    ", ".join(
        [
            *(f"(select count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) from {name})" for name in CATALOGS),
            *(f"(select string_agg(t::text, ' ' order by t::text) from {name} t)" for name in SEEDED),
            "(select count(*)::text from pg_db_role_setting)",
            "(select d::text from pg_database d where datname = current_database())",
        ]
    )
)

PASS_GUARDS = """
set session_replication_role = replica;
set allow_system_table_mods = on;
create temporary table passed as select oid from pg_trigger where tgenabled = 'A';
update pg_trigger set tgenabled = 'O' where tgenabled = 'A'
"""
"""Lets this one backend delete rows in spite of the guards, which fire in every session role. PostgreSQL reads the
triggers of a table when a backend first uses it. It reads them again only after ALTER TABLE and the like, and a write
to pg_trigger is not one. So the backend uses the tables while the guards are ordinary triggers, and no other does."""

RESTORE_GUARDS = """
update pg_trigger set tgenabled = 'A' where oid in (select oid from passed);
drop table passed
"""

OTHERS = """
select pid from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
    and pid <> all($1::int[])
"""


@dataclass(frozen=True)
class Dsns:
    """The DSNs of one database: one for the server's login and one for the owner."""

    server: str
    owner: str


@contextmanager
def fresh_copy(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """Creates a fresh, migrated database, and drops it after the block."""
    databases = _of(postgres)
    dsns = databases.create()
    try:
        yield dsns
    finally:
        databases.drop(dsns)


@contextmanager
def lasting_copy(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """Like `fresh_copy`, for several tests, whose connections are kept."""
    with fresh_copy(postgres) as dsns, _kept(dsns):
        yield dsns


@contextmanager
def recycled(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """Provides a migrated database without rows."""
    databases = _of(postgres)
    used = databases.take()
    try:
        yield used.dsns
    finally:
        databases.give_back(used)


def drop_all(postgres: EmbeddedPostgres) -> None:
    """Drops the databases of the cluster that are left, and closes the connections of this module."""
    databases = _clusters.pop(postgres.data, None)
    if databases is not None:
        databases.close()


@contextmanager
def _kept(dsns: Dsns) -> Iterator[None]:
    both = {dsns.server, dsns.owner}
    kept_dsns.update(both)
    try:
        yield
    finally:
        kept_dsns.difference_update(both)


class _Databases:
    """Creates and drops the databases of one cluster on two connections. A connection for each database would take
    half as long again. The next test does not wait for a drop: PostgreSQL sleeps 100 ms when a backend is still
    ending."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        administration = postgres.dsn(OWNER, "postgres")
        self._create, self._drop = _Connection(administration), _Connection(administration)
        self._drops = ThreadPoolExecutor(1, thread_name_prefix="drops databases")
        self._dropping: deque[Future[None]] = deque()
        self._names: dict[Dsns, str] = {}
        self._free: list[_Used] = []

    def create(self) -> Dsns:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self._create.execute(f"create database {name} template {TEMPLATE} owner {OWNER} strategy file_copy")
        dsns = Dsns(server=self._postgres.dsn(LOGIN, name), owner=self._postgres.dsn(OWNER, name))
        self._names[dsns] = name
        return dsns

    def drop(self, dsns: Dsns) -> None:
        """Drops one database in a thread. Waits while MAX_DROPPING others, of 9 MB each, are being dropped."""
        self._wait(MAX_DROPPING)
        statement = f"drop database {self._names.pop(dsns)} with (force)"
        self._dropping.append(self._drops.submit(self._drop.execute, statement))

    def take(self) -> "_Used":
        while self._free:
            used = self._free.pop()
            if used.empty():
                return used
            self._end(used)
        return _Used(self.create())

    def give_back(self, used: "_Used") -> None:
        used.uses += 1
        if used.uses < MAX_USES:
            self._free.append(used)
        else:
            self._end(used)

    def close(self) -> None:
        for used in self._free:
            self._end(used)
        self._wait(0)
        self._drops.shutdown()
        self._create.close()
        self._drop.close()

    def _end(self, used: "_Used") -> None:
        used.close()
        self.drop(used.dsns)

    def _wait(self, limit: int) -> None:
        while len(self._dropping) > limit:
            self._dropping.popleft().result()


class _Used:
    """A database that tests use one after another."""

    def __init__(self, dsns: Dsns) -> None:
        self.dsns = dsns
        self.uses = 0
        self._connection = _Connection(dsns.owner)
        tables = [row[0] for row in self._connection.fetch(TABLES, SEEDED)]
        self._delete = f"with {', '.join(f'from_{name} as (delete from {name})' for name in tables)} select 1"
        self._connection.execute(PASS_GUARDS)
        self._connection.fetch(self._delete)
        self._connection.execute(RESTORE_GUARDS)
        self._state = self._connection.fetch(STATE)
        kept_dsns.update((dsns.server, dsns.owner))

    def empty(self) -> bool:
        """Deletes every row. Returns False when a test has changed more than rows, or has written many."""
        self._end_others()
        if self._connection.fetch(STATE) != self._state or self._connection.fetch(LARGE)[0][0]:
            return False
        try:
            self._connection.fetch(self._delete)
        except asyncpg.PostgresError:  # this backend has read the triggers again
            return False
        return True

    def close(self) -> None:
        kept_dsns.difference_update((self.dsns.server, self.dsns.owner))
        self._connection.close()

    def _end_others(self) -> None:
        """Waits until the backends of the last test have ended, except those whose connections are kept."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        ended: set[int] = set()
        while others := {row[0] for row in self._connection.fetch(OTHERS, [*idle_backends])}:
            for pid in others - ended:
                self._connection.fetch("select pg_terminate_backend($1)", pid)
            ended |= others
            assert time.monotonic() < deadline, f"backends of the last test do not end: {others}"
            time.sleep(0.001)


class _Connection:
    """A connection with its own event loop, used by one thread at a time."""

    def __init__(self, dsn: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(asyncpg.connect(dsn))

    def execute(self, statement: str) -> None:
        self._loop.run_until_complete(self._connection.execute(statement))

    def fetch(self, statement: str, *arguments: object) -> list[Any]:
        return self._loop.run_until_complete(self._connection.fetch(statement, *arguments))

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()


def _of(postgres: EmbeddedPostgres) -> _Databases:
    if postgres.data not in _clusters:
        _clusters[postgres.data] = _Databases(postgres)
    return _clusters[postgres.data]


_clusters: dict[Path, _Databases] = {}
