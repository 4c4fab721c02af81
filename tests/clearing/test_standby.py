"""A required standby is away: no customer sees a commit that a failover would lose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from pocketpay.clearing import waiting as rules
from pocketpay.database import commits, sessions, startup
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.failures import ServiceBusy
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import money, new_key, open_desk, people, person, records_of, send, without_risk_rules


@asynccontextmanager
async def standby_away(postgres: EmbeddedPostgres) -> AsyncIterator[None]:
    """During the block every commit waits for a standby that does not exist."""
    owner = await asyncpg.connect(postgres.owner_dsn)
    try:
        await _set(owner, "set synchronous_standby_names = 'elsewhere'", "elsewhere")
        yield
    finally:
        await _set(owner, "reset synchronous_standby_names", "")
        await owner.close()


async def _set(owner: "asyncpg.Connection[asyncpg.Record]", how: str, value: str) -> None:
    await owner.execute(f"alter system {how}")
    await owner.execute("select pg_reload_conf()")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await owner.fetchval("show synchronous_standby_names") != value:  # noqa: ASYNC110 - PostgreSQL reports no reload
            await asyncio.sleep(0.02)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the timeouts: any other statement would be cancelled after this time."""
    monkeypatch.setattr(commits, "COMMIT_SECONDS", 0.3)
    usual = sessions.connect.__kwdefaults__
    assert usual is not None
    monkeypatch.setitem(usual, "command_seconds", 0.3)
    monkeypatch.setattr(rules, "IN_DOUBT_SECONDS", 1.0)


async def test_a_payment_without_a_standbys_confirmation_is_not_shown_and_is_paid_once(
    durable: EmbeddedPostgres, hurried: None
) -> None:
    key = new_key()
    async with (
        open_desk(durable.server_dsn, without_risk_rules()) as desk,
        records_of(durable.server_dsn, durable.owner_dsn) as records,
    ):
        ada, bob = await people(desk, 2, funds="10.00")
        async with standby_away(durable):
            with pytest.raises(ServiceBusy) as busy:
                await send(desk, ada, bob, "1.00", key=key)
            assert busy.value.may_have_happened
            await asyncio.sleep(0.5)  # by now a cancel would have taken effect
            assert (await money(desk, ada), await money(desk, bob)) == ((1_000, 0), (1_000, 0))
            assert await records.connection.fetchval("select count(*) from transactions where type = 'send'") == 0
        answer = await send(desk, ada, bob, "1.00", key=key)
        assert answer.replayed
        assert (await money(desk, ada), await money(desk, bob)) == ((900, 0), (1_100, 0))
        assert await records.findings() == []


@pytest.mark.parametrize("how", ["takes too long", "is cancelled"])
async def test_a_unit_of_work_without_a_standbys_confirmation_is_not_shown(
    durable: EmbeddedPostgres, hurried: None, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "is cancelled":
        monkeypatch.setattr(commits, "COMMIT_SECONDS", 60)
    count = "select count(*) from users"
    async with open_desk(durable.server_dsn, without_risk_rules()) as desk:
        async with desk.database.read() as session:
            before = await session.fetchval(count)
        async with standby_away(durable):
            writing = asyncio.create_task(person(desk))
            if how == "is cancelled":
                await asyncio.sleep(0.5)
                writing.cancel()
            (lost,) = await asyncio.gather(writing, return_exceptions=True)
            if how == "takes too long":
                assert isinstance(lost, ServiceBusy)
                assert lost.may_have_happened
            else:
                assert isinstance(lost, asyncio.CancelledError)
            await asyncio.sleep(0.5)
            async with desk.database.read() as session:
                assert await session.fetchval(count) == before
        async with asyncio.timeout(PATIENCE_SECONDS), desk.database.read() as session:
            while await session.fetchval(count) == before:  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.05)


async def test_a_database_that_does_not_wait_for_its_standbys_is_refused(durable: EmbeddedPostgres) -> None:
    await startup.check(durable.server_dsn + "&synchronous_commit=local")
    async with standby_away(durable):
        await startup.check(durable.server_dsn)
        with pytest.raises(DatabaseUnavailable, match="synchronous_standby_names"):
            await startup.check(durable.server_dsn + "&synchronous_commit=local")
