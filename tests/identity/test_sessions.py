"""Sessions: listing them, ending them on every server, and their limit per user."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from pocketpay.identity.errors import InvalidToken, NoSuchSession
from pocketpay.identity.gate import Denial
from pocketpay.identity.refresh_session import refresh_session
from pocketpay.identity.repository import sessions as repository
from pocketpay.identity.repository.sessions import MAX_SESSIONS
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sessions import live, revoke, revoke_others, sign_out
from pocketpay.identity.sign_in import sign_in
from pocketpay.updates.signals import CHANNEL, read
from tests.people import HOME, PASSWORD, Owner, arrive, facts


async def another(services: IdentityServices, user_agent: str | None = None) -> Admission:
    return await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=user_agent)


async def test_sessions_are_listed_newest_first_with_their_user_agent(services: IdentityServices) -> None:
    first = await arrive(services, user_agent="a browser\x00")
    second = await another(services, "a telephone")
    await arrive(services, "bea")
    listed = await live(services, first.viewer)
    assert [(one.id, one.user_agent) for one in listed] == [
        (second.viewer.session_id, "a telephone"),
        (first.viewer.session_id, "a browser"),
    ]
    assert all(one.created_at == one.last_used_at < one.expires_at for one in listed)


async def test_signing_out_ends_this_session_only(services: IdentityServices) -> None:
    leaving = await arrive(services)
    staying = await another(services)
    assert await sign_out(services, leaving.viewer) == 1
    assert await services.gate.check(leaving.tokens.access_token) is Denial.REVOKED
    assert await services.gate.viewer(staying.tokens.access_token) == staying.viewer
    assert await sign_out(services, leaving.viewer) == 0


async def test_revoking_one_of_ones_own_sessions_twice_ends_it_once(services: IdentityServices) -> None:
    here = await arrive(services)
    there = await another(services)
    assert await revoke(services, here.viewer, there.viewer.session_id) == 1
    assert await revoke(services, here.viewer, there.viewer.session_id) == 0
    assert [one.id for one in await live(services, here.viewer)] == [here.viewer.session_id]


async def test_the_session_of_another_user_is_not_found(services: IdentityServices) -> None:
    ada, bea = await arrive(services), await arrive(services, "bea")
    for session_id in (bea.viewer.session_id, uuid4(), None):
        with pytest.raises(NoSuchSession):
            await revoke(services, ada.viewer, session_id)
    assert await services.gate.viewer(bea.tokens.access_token) == bea.viewer


async def test_revoking_the_other_sessions_keeps_this_one(services: IdentityServices) -> None:
    await arrive(services)
    await another(services)
    here = await another(services)
    bea = await arrive(services, "bea")
    assert await revoke_others(services, here.viewer) == 2
    assert await revoke_others(services, here.viewer) == 0
    assert [one.id for one in await live(services, here.viewer)] == [here.viewer.session_id]
    assert len(await live(services, bea.viewer)) == 1


async def test_the_fifty_first_session_ends_the_oldest(services: IdentityServices, owner: Owner) -> None:
    oldest = await arrive(services)
    await owner.execute(
        "insert into sessions (id, user_id, created_at, last_used_at, expires_at) "
        "select gen_random_uuid(), $1, now(), now(), now() + interval '1 day' from generate_series(1, $2)",
        oldest.user.id,
        MAX_SESSIONS - 1,
    )
    await owner.execute(
        "update sessions set created_at = created_at - interval '1 s' where id = $1", oldest.viewer.session_id
    )
    assert await services.gate.viewer(oldest.tokens.access_token) == oldest.viewer
    newest = await another(services)
    listed = [one.id for one in await live(services, newest.viewer)]
    assert len(listed) == MAX_SESSIONS
    assert newest.viewer.session_id in listed
    assert oldest.viewer.session_id not in listed
    assert await services.gate.check(oldest.tokens.access_token) is Denial.REVOKED


async def test_many_sign_ins_at_once_leave_no_more_than_fifty(services: IdentityServices, owner: Owner) -> None:
    person = await arrive(services)
    await owner.execute(
        "insert into sessions (id, user_id, created_at, last_used_at, expires_at) "
        "select gen_random_uuid(), $1, now(), now(), now() + interval '1 day' from generate_series(1, 48)",
        person.user.id,
    )
    await asyncio.gather(*(another(services) for _ in range(6)))
    assert len(await live(services, person.viewer)) == MAX_SESSIONS


async def test_a_session_ended_in_several_ways_during_a_refresh_ends_once_and_permanently(
    services: IdentityServices,
) -> None:
    staying = await arrive(services)
    for _ in range(8):
        ending = await another(services)
        renewing = asyncio.gather(
            *(refresh_session(services, ending.tokens.refresh_token) for _ in range(3)),
            return_exceptions=True,
        )
        ended = await asyncio.gather(
            sign_out(services, ending.viewer),
            revoke(services, staying.viewer, ending.viewer.session_id),
            revoke_others(services, staying.viewer),
            sign_out(services, ending.viewer),
        )
        assert sum(ended) == 1
        renewed = [one for one in await renewing if isinstance(one, Admission)]
        for admission in (ending, *renewed):
            assert await services.gate.check(admission.tokens.access_token) is Denial.REVOKED
            with pytest.raises(InvalidToken):
                await refresh_session(services, admission.tokens.refresh_token)
    assert [one.id for one in await live(services, staying.viewer)] == [staying.viewer.session_id]


async def test_every_ended_session_is_signalled_with_the_commit(services: IdentityServices, owner: Owner) -> None:
    told: list[str] = []
    await owner.add_listener(CHANNEL, lambda *said: told.append(str(said[3])))
    first = await arrive(services)
    second, third = await another(services), await another(services)
    await sign_out(services, third.viewer)
    await revoke_others(services, second.viewer)
    await revoke_others(services, second.viewer)
    await owner.execute("select 1")
    assert [list(read(payload).sessions) for payload in told] == [
        [third.viewer.session_id],
        [first.viewer.session_id],
    ]


async def test_sessions_that_ended_a_month_ago_are_deleted_with_their_tokens(
    services: IdentityServices, owner: Owner
) -> None:
    person = await arrive(services)
    await another(services)
    lately = await another(services)
    await sign_out(services, lately.viewer)
    await owner.execute(
        "update sessions set expires_at = expires_at - interval '38 days' where id = $1", person.viewer.session_id
    )
    assert await services.sweep() == 2
    assert await services.sweep() == 0
    assert await owner.fetchval("select count(*) from sessions") == 2
    assert await owner.fetchval("select count(*) from refresh_tokens") == 2


async def test_thousands_of_tokens_are_deleted_in_small_portions(services: IdentityServices, owner: Owner) -> None:
    person = await arrive(services)
    await owner.execute(
        "insert into refresh_tokens (hash, session_id, issued_at) "
        "select sha256(n::text::bytea), $1, now() from generate_series(1, 25) n",
        person.viewer.session_id,
    )
    await owner.execute("update sessions set revoked_at = now() - interval '31 days'")
    left = []
    for _ in range(4):
        async with services.database.write() as session:
            await repository.sweep(session, after=timedelta(days=30), max_sessions=5, max_tokens=10)
        left.append(
            await facts(owner, "select (select count(*) from refresh_tokens), (select count(*) from sessions)")
        )
    assert left == [(16, 1), (6, 1), (0, 0), (0, 0)]
