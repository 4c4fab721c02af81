"""Checks at the start: the conditions under which a server refuses to run."""

from typing import Any

import pytest

from pocketpay.database import connecting, revisions, sessions, startup
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import DatabaseUnavailable, WrongRevision
from tests.conftest import Dsns


async def test_the_embedded_database_is_accepted_without_a_warning(durable: EmbeddedPostgres) -> None:
    assert await startup.check(durable.server_dsn) == ()


async def test_the_owners_login_is_accepted_with_a_warning(durable: EmbeddedPostgres) -> None:
    (warning,) = await startup.check(durable.owner_dsn)
    assert "DATABASE_OWNER_URL" in warning


async def test_a_database_without_fsync_is_refused(database_dsn: Dsns, durable: EmbeddedPostgres) -> None:
    with pytest.raises(DatabaseUnavailable, match="fsync"):
        await startup.check(database_dsn.server)
    with pytest.raises(DatabaseUnavailable, match="synchronous_commit"):
        await startup.check(durable.server_dsn + "&synchronous_commit=off")


async def test_a_pooler_that_drops_connection_settings_is_refused(
    durable: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pooled(dsn: str, *, name: str, settings: dict[str, str] | None = None) -> Any:
        return await sessions.connect(dsn, name=name, settings={})

    monkeypatch.setattr(startup, "connect", pooled)
    with pytest.raises(DatabaseUnavailable, match="statement_timeout"):
        await startup.check(durable.server_dsn)


async def test_an_older_postgresql_is_refused(durable: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "MIN_VERSION", 190_000)
    with pytest.raises(DatabaseUnavailable, match="use 18 or newer"):
        await startup.check(durable.server_dsn)


async def test_a_database_of_another_revision_is_refused(
    durable: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "expected", lambda: "9999")
    with pytest.raises(WrongRevision, match="Run `pocketpay migrate`"):
        await startup.check(durable.server_dsn)


@pytest.mark.parametrize(
    "dsn", ["postgresql://pocketpay@/pocketpay?host=/nowhere", "postgresql://127.0.0.1:1/pocketpay", "nonsense"]
)
async def test_an_unreachable_database_is_reported_in_one_sentence(dsn: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="DATABASE_URL") as refused:
        await startup.check(dsn)
    assert "\n" not in str(refused.value)


async def test_connections_carry_the_timeouts_the_isolation_and_generic_plans(database_dsn: Dsns) -> None:
    connection = await sessions.connect(database_dsn.server)
    shown = {name: await connection.fetchval("select current_setting($1)", name) for name in connecting.TIMEOUTS}
    await connection.close()
    assert shown == {
        "default_transaction_isolation": "read committed",
        "statement_timeout": "2s",
        "lock_timeout": "1s",
        "idle_in_transaction_session_timeout": "5s",
        "transaction_timeout": "5s",
        "timezone": "UTC",
        "plan_cache_mode": "force_generic_plan",
    }
