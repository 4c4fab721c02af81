"""Refreshing sessions: each token works once, a lost reply is repeated, and reuse of a token ends the session."""

import asyncio
from datetime import timedelta

import pytest

from pocketpay.database.sessions import Database
from pocketpay.errors import Refusal
from pocketpay.identity.errors import InvalidToken
from pocketpay.identity.gate import Denial
from pocketpay.identity.refresh_session import refresh_session
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sessions import live, sign_out
from pocketpay.identity.tokens import Claims
from tests.conftest import Dsns
from tests.people import LosesReplies, Owner, arrive, receiving

ELEVEN_SECONDS_AGO = "update refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null"


async def refreshed(services: IdentityServices, token: str) -> Admission | Refusal:
    try:
        return await refresh_session(services, token)
    except Refusal as refusal:
        return refusal


async def test_a_refresh_returns_new_tokens_of_the_same_session(services: IdentityServices) -> None:
    person = await arrive(services)
    renewed = await refresh_session(services, person.tokens.refresh_token)
    assert (renewed.user, renewed.viewer) == (person.user, person.viewer)
    assert renewed.tokens.access_token != person.tokens.access_token
    assert renewed.tokens.refresh_token != person.tokens.refresh_token
    assert await services.gate.viewer(renewed.tokens.access_token) == person.viewer
    assert await services.gate.viewer(person.tokens.access_token) == person.viewer


async def test_repeating_a_refresh_within_ten_seconds_returns_the_same_token(services: IdentityServices) -> None:
    person = await arrive(services)
    first = await refresh_session(services, person.tokens.refresh_token)
    again = await refresh_session(services, person.tokens.refresh_token)
    assert again.tokens.refresh_token == first.tokens.refresh_token
    assert isinstance(await refreshed(services, again.tokens.refresh_token), Admission)


async def test_two_refreshes_at_once_get_the_same_token(services: IdentityServices, owner: Owner) -> None:
    person = await arrive(services)
    both = await asyncio.gather(*(refresh_session(services, person.tokens.refresh_token) for _ in range(2)))
    assert both[0].tokens.refresh_token == both[1].tokens.refresh_token
    assert await owner.fetchval("select count(*) from refresh_tokens") == 2


async def test_reusing_a_token_after_ten_seconds_ends_the_session(services: IdentityServices, owner: Owner) -> None:
    person = await arrive(services)
    renewed = await refresh_session(services, person.tokens.refresh_token)
    await owner.execute(ELEVEN_SECONDS_AGO)
    assert isinstance(await refreshed(services, person.tokens.refresh_token), InvalidToken)
    assert isinstance(await refreshed(services, renewed.tokens.refresh_token), InvalidToken)
    assert await services.gate.check(renewed.tokens.access_token) is Denial.REVOKED


async def test_reusing_a_token_whose_successor_was_used_ends_the_session_immediately(
    services: IdentityServices,
) -> None:
    person = await arrive(services)
    renewed = await refresh_session(services, person.tokens.refresh_token)
    newest = await refresh_session(services, renewed.tokens.refresh_token)
    assert isinstance(await refreshed(services, person.tokens.refresh_token), InvalidToken)
    assert isinstance(await refreshed(services, newest.tokens.refresh_token), InvalidToken)


async def test_reusing_a_token_ends_only_its_session(services: IdentityServices, owner: Owner) -> None:
    robbed, neighbour = await arrive(services), await arrive(services, "bea")
    await refresh_session(services, robbed.tokens.refresh_token)
    await owner.execute(ELEVEN_SECONDS_AGO)
    await refreshed(services, robbed.tokens.refresh_token)
    assert isinstance(await refreshed(services, neighbour.tokens.refresh_token), Admission)


@pytest.mark.parametrize("token", ["", "\x00", "\ud800", "x" * 100_000, "é" * 43])
async def test_an_unknown_refresh_token_is_refused(services: IdentityServices, token: str) -> None:
    assert isinstance(await refreshed(services, token), InvalidToken)


async def test_ended_and_expired_sessions_are_not_refreshed(services: IdentityServices, owner: Owner) -> None:
    leaving, late, closed = (
        await arrive(services),
        await arrive(services, "bea"),
        await arrive(services, "cid"),
    )
    await sign_out(services, leaving.viewer)
    await owner.execute("update sessions set expires_at = clock_timestamp() where user_id = $1", late.user.id)
    await owner.execute("update users set closed_at = clock_timestamp() where id = $1", closed.user.id)
    for person in (leaving, late, closed):
        assert isinstance(await refreshed(services, person.tokens.refresh_token), InvalidToken)


async def test_a_session_lasts_a_week_unused_and_a_month_at_most(services: IdentityServices, owner: Owner) -> None:
    person = await arrive(services)
    (session,) = await live(services, person.viewer)
    assert session.expires_at - session.created_at == timedelta(days=7)
    await owner.execute("update sessions set created_at = created_at - interval '27 days'")
    renewed = await refresh_session(services, person.tokens.refresh_token)
    (session,) = await live(services, renewed.viewer)
    assert session.expires_at - session.created_at == timedelta(days=30)
    assert session.last_used_at > session.created_at + timedelta(days=26)


async def test_only_hashes_of_refresh_tokens_are_stored(services: IdentityServices, owner: Owner) -> None:
    person = await arrive(services)
    renewed = await refresh_session(services, person.tokens.refresh_token)
    kept = {row["hash"] for row in await owner.fetch("select hash from refresh_tokens")}
    assert kept == {services.refresh_tokens.hash_of(one.tokens.refresh_token) for one in (person, renewed)}
    assert all(len(one) == 32 for one in kept)


async def test_a_refresh_whose_commit_reply_is_lost_is_retried(database_dsn: Dsns) -> None:
    database = LosesReplies(database_dsn.server)
    async with receiving(database) as services:
        person = await arrive(services)
        database.losses = 1
        renewed = await refresh_session(services, person.tokens.refresh_token)
        assert isinstance(await services.gate.check(renewed.tokens.access_token), Claims)
        assert isinstance(await refreshed(services, renewed.tokens.refresh_token), Admission)
    await database.close()


async def test_any_server_with_the_same_key_can_refresh(services: IdentityServices, database_dsn: Dsns) -> None:
    person = await arrive(services)
    other_database = await Database.open(database_dsn.server)
    async with receiving(other_database) as other:
        both = await asyncio.gather(*(refresh_session(one, person.tokens.refresh_token) for one in (services, other)))
        assert both[0].tokens.refresh_token == both[1].tokens.refresh_token
    await other_database.close()
