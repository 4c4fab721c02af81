"""Sweepers find the rows that they delete by an index, and only one server deletes them at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from pocketpay.database.sessions import Database, Session
from pocketpay.database.sweeping import Sweeper
from pocketpay.identity.repository import challenges, known_addresses, lanes, sessions, throttles
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.throttle import Throttle
from pocketpay.mail import repository as mails
from pocketpay.mail.mail import Kind
from pocketpay.mail.sender import MailSender
from pocketpay.transactions import sweeper as usage_sweeper
from pocketpay.transactions.repository import usage
from tests.conftest import Dsns
from tests.plans import nodes

MONTH = timedelta(days=30)

SWEEPS: dict[str, Callable[[Session], Awaitable[object]]] = {
    "throttles": lambda session: throttles.sweep(session, limit=10),
    "lanes": lambda session: lanes.sweep(session, limit=10),
    "known addresses": lambda session: known_addresses.sweep(session, limit=10),
    "one-time challenges": lambda session: challenges.sweep(session, limit=10),
    "sessions": lambda session: sessions.sweep(session, after=MONTH, max_sessions=10, max_tokens=10),
    "mails": lambda session: mails.sweep(session, after=MONTH, limit=10),
    "expired mails": lambda session: mails.expire(session, list(Kind), limit=10),
    "usage": lambda session: usage.sweep(
        session, UUID(int=0), before=datetime.now(UTC), kept=MONTH, wallets=10, rows=10
    ),
}
ENDED = """
insert into ledger_accounts values ('00000000-0000-4000-8000-000000000001', 'wallet', 'USD', 0, 0, 0, 0, now());
insert into wallets (id, account_kind, currency, status, created_at, updated_at)
select id, kind, currency, 'active', now(), now() from ledger_accounts where kind = 'wallet';
insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at)
select id, 'eve', 'Eve', 'none', 'member', id, now(), now() from wallets;
insert into sessions (id, user_id, created_at, last_used_at, expires_at)
select id, id, now() - interval '90 days', now() - interval '90 days', now() - interval '80 days' from users
"""


class Explained(Session):
    """A session that notes the plan of each statement before it runs it."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.plans: list[dict[str, Any]] = []

    async def _note(self, sql: str, arguments: tuple[object, ...]) -> None:
        rows = await self._connection.fetch(f"explain (format json) {sql}", *arguments)
        self.plans.append(orjson.loads(rows[0][0])[0]["Plan"])

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        await self._note(sql, arguments)
        return await super().fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        await self._note(sql, arguments)
        return await super().fetchrow(sql, *arguments)

    async def execute(self, sql: str, *arguments: Any) -> str:
        await self._note(sql, arguments)
        return await super().execute(sql, *arguments)


@pytest.fixture
async def explained(module_dsn: Dsns) -> AsyncIterator[Explained]:
    """A session of the server, with an ended session in the table, in a transaction that is rolled back."""
    connection = await asyncpg.connect(module_dsn.owner)
    await connection.execute(f"begin; {ENDED}; set local enable_seqscan = off")
    yield Explained(connection)
    await connection.close()


@pytest.mark.parametrize("name", SWEEPS)
async def test_rows_to_delete_are_found_by_an_index(explained: Explained, name: str) -> None:
    """With sequential scans disabled, PostgreSQL plans one only where it has no index that could be used. An index
    scan without a condition reads the whole index."""
    await SWEEPS[name](explained)
    assert explained.plans
    steps = [step for plan in explained.plans for step in nodes(plan)]
    assert [step for step in steps if step["Node Type"] == "Seq Scan"] == []
    indexed = [step for step in steps if step["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")]
    assert indexed
    assert [step for step in indexed if "Index Cond" not in step] == []
    for step in indexed:
        if step.get("Relation Name") == "wallet_usage":
            assert all(column in step["Index Cond"] for column in ("wallet_id", "kind", "hour"))
    assert any(step["Node Type"] == "ModifyTable" for step in steps)


async def test_a_sweeper_does_nothing_while_another_server_sweeps(database: Database) -> None:
    """Each sweeper asks for its turn first: with all turns taken, none runs another statement."""
    other = await asyncpg.connect(database.dsn)
    for number in Sweeper:
        await other.execute("select pg_advisory_lock($1)", number.value)
    asked: list[str] = []
    run = Session.fetchval

    async def noted(session: Session, sql: str, *arguments: Any) -> Any:
        asked.append(sql)
        return await run(session, sql, *arguments)

    async def refused(session: Session, *_: object) -> None:
        raise AssertionError("a statement without the turn")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Session, "fetchval", noted)
        for name in ("fetch", "fetchrow", "execute"):
            patched.setattr(Session, name, refused)
        throttle = Throttle(database)
        services = IdentityServices.__new__(IdentityServices)
        object.__setattr__(services, "throttle", throttle)
        object.__setattr__(services, "database", database)
        assert await services.sweep() == 0
        sender = MailSender(database, _Channel(), lambda mail: {}, keep=MONTH)  # type: ignore[arg-type]
        assert await sender.sweep() == 0
        assert await usage_sweeper.sweep(database) == 0
    assert len(asked) == len(Sweeper)
    await other.close()


class _Channel:
    kinds = frozenset(Kind)
