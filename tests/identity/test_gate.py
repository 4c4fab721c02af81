"""The gate: verifies a token once and caches its session, and stops accepting the token in time."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database
from pocketpay.identity.gate import Denial, Gate
from pocketpay.identity.refresh_session import refresh_session
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sessions import sign_out
from pocketpay.identity.tokens import AccessTokens, Claims
from pocketpay.identity.viewer import Viewer
from pocketpay.updates.signals import Signal
from tests.people import SECRET, Owner, arrive


class Looks:
    """Counts how often a session is looked up."""

    def __init__(self, services: IdentityServices, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        standings = services.gate._standings._read

        async def counted(*asked: Any) -> Any:
            self.count += 1
            return await standings(*asked)

        monkeypatch.setattr(services.gate._standings, "_read", counted)


@pytest.fixture
def looks(services: IdentityServices, monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(services, monkeypatch)


@pytest.fixture
async def person(services: IdentityServices) -> Admission:
    services.gate.listening = True
    return await arrive(services)


async def test_a_session_is_looked_up_once_for_all_its_tokens(
    services: IdentityServices, person: Admission, looks: Looks
) -> None:
    for _ in range(5):
        assert await services.gate.viewer(person.tokens.access_token) == person.viewer
    renewed = await refresh_session(services, person.tokens.refresh_token)
    assert await services.gate.viewer(renewed.tokens.access_token) == person.viewer
    assert looks.count == 1


async def test_several_new_sessions_are_looked_up_in_one_query(
    services: IdentityServices, person: Admission, looks: Looks
) -> None:
    people = [person, *[await arrive(services, name) for name in ("bea", "cid", "dan", "eve")]]
    viewers = await asyncio.gather(*(services.gate.viewer(one.tokens.access_token) for one in people))
    assert viewers == [one.viewer for one in people]
    assert looks.count == 1


async def test_sessions_are_not_cached_while_the_listener_is_disconnected(
    services: IdentityServices, person: Admission, looks: Looks
) -> None:
    services.gate.on_disconnect()
    for _ in range(3):
        assert await services.gate.viewer(person.tokens.access_token) == person.viewer
    assert looks.count == 3


async def test_a_gap_of_the_listener_clears_the_cache(
    services: IdentityServices, person: Admission, looks: Looks
) -> None:
    await services.gate.viewer(person.tokens.access_token)
    services.gate.on_gap(datetime.now(UTC))
    await services.gate.viewer(person.tokens.access_token)
    assert looks.count == 2


async def test_a_session_is_refused_after_the_signal_that_it_ended(
    services: IdentityServices, person: Admission, owner: Owner
) -> None:
    neighbour = await arrive(services, "bea")
    for one in (person, neighbour):
        await services.gate.viewer(one.tokens.access_token)
    await owner.execute("update sessions set revoked_at = clock_timestamp()")
    assert await services.gate.viewer(person.tokens.access_token) == person.viewer
    services.gate.on_signal(Signal(sessions=[person.viewer.session_id, uuid4()]))
    assert await services.gate.viewer(person.tokens.access_token) is None
    assert await services.gate.check(person.tokens.access_token) is Denial.REVOKED
    assert await services.gate.viewer(neighbour.tokens.access_token) == neighbour.viewer


async def test_a_session_that_ends_during_its_look_up_is_refused(
    services: IdentityServices, person: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    standings = services.gate._standings._read

    async def ended_meanwhile(*asked: Any) -> Any:
        found = await standings(*asked)
        await sign_out(services, person.viewer)
        return found

    monkeypatch.setattr(services.gate._standings, "_read", ended_meanwhile)
    assert await services.gate.check(person.tokens.access_token) is Denial.REVOKED
    monkeypatch.setattr(services.gate._standings, "_read", standings)
    assert await services.gate.viewer(person.tokens.access_token) is None


async def test_sessions_that_end_continuously_make_a_check_fail_as_busy(
    services: IdentityServices, person: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    standings = services.gate._standings._read

    async def others_end_meanwhile(*asked: Any) -> Any:
        found = await standings(*asked)
        services.gate.on_signal(Signal(sessions=[uuid4()]))
        return found

    monkeypatch.setattr(services.gate._standings, "_read", others_end_meanwhile)
    with pytest.raises(ServiceBusy):
        await services.gate.check(person.tokens.access_token)


async def test_a_cached_token_expires(database: Database, person: Admission) -> None:
    now = time.time()
    gate = Gate(database, AccessTokens(SECRET, lifetime_seconds=60), clock=lambda: now)
    gate.listening = True
    token = person.tokens.access_token
    claims = await gate.check(token)
    assert isinstance(claims, Claims)
    now = claims.expires_at - 0.001
    assert await gate.viewer(token) == person.viewer
    now = claims.expires_at
    assert await gate.viewer(token) is None
    assert gate._sessions == {}


async def test_invalid_and_expired_tokens_are_refused(
    services: IdentityServices, person: Admission, looks: Looks
) -> None:
    long_ago = time.time() - 3_600
    expired, _ = services.access_tokens.issue(person.viewer, now=long_ago, session_expires_at=time.time())
    forged, _ = AccessTokens((b"x" * 32,), lifetime_seconds=60).issue(
        person.viewer, now=time.time(), session_expires_at=time.time() + 60
    )
    assert await services.gate.check(expired) is Denial.EXPIRED
    for token in (forged, "", "x", "\ud800"):
        assert await services.gate.check(token) is Denial.BAD
        assert await services.gate.viewer(token) is None
    assert looks.count == 0


async def test_a_token_with_another_user_or_wallet_than_its_session_is_invalid(
    services: IdentityServices, person: Admission
) -> None:
    neighbour = await arrive(services, "bea")
    mine, theirs = person.viewer, neighbour.viewer
    mixed = [
        Viewer(theirs.user_id, mine.wallet_id, mine.session_id),
        Viewer(mine.user_id, theirs.wallet_id, mine.session_id),
        Viewer(mine.user_id, mine.wallet_id, theirs.session_id),
    ]
    for viewer in mixed * 2:
        token, _ = services.access_tokens.issue(viewer, now=time.time(), session_expires_at=time.time() + 60)
        assert await services.gate.check(token) is Denial.BAD
        await services.gate.viewer(person.tokens.access_token)
    unknown, _ = services.access_tokens.issue(
        Viewer(mine.user_id, mine.wallet_id, uuid4()), now=time.time(), session_expires_at=time.time() + 60
    )
    assert await services.gate.check(unknown) is Denial.REVOKED


async def test_the_cache_of_sessions_is_bounded(
    database: Database, services: IdentityServices, person: Admission
) -> None:
    gate = Gate(database, services.access_tokens, max_tokens=3)
    gate.listening = True
    expires = time.time() + 60
    others = [await arrive(services, name) for name in ("bea", "cid")]
    for n in range(10):
        for viewer in (person.viewer, *(other.viewer for other in others)):
            token, _ = services.access_tokens.issue(viewer, now=time.time() + n, session_expires_at=expires)
            assert await gate.viewer(token) == viewer
            assert len(gate._tokens) <= 3
            assert sum(len(known.tokens) for known in gate._sessions.values()) == len(gate._tokens)


async def test_many_concurrent_requests_with_a_new_token_are_all_accepted(
    services: IdentityServices, person: Admission
) -> None:
    viewers = await asyncio.gather(*(services.gate.viewer(person.tokens.access_token) for _ in range(20)))
    assert viewers == [person.viewer] * 20
