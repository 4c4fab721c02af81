"""An operator ends a customer's sessions: all of them, on every server, no others, and it is recorded."""

import asyncio

import pytest

from pocketpay.errors import Refusal
from pocketpay.identity.errors import InvalidToken
from pocketpay.identity.gate import Denial
from pocketpay.identity.refresh_session import refresh_session
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sessions import live
from pocketpay.identity.sign_in import sign_in
from pocketpay.operations.end_sessions import EndedSessions, end_sessions
from pocketpay.operator_log.act import Operator
from pocketpay.transactions.errors import InvalidInput
from pocketpay.updates.signals import CHANNEL, read
from tests.operations.locked_out import STATE, acting, disagreements, recorded
from tests.operations.operators import OPS
from tests.people import HOME, PASSWORD, LosesReplies, Owner, arrive, receiving


async def end(
    services: IdentityServices, whose: Admission, by: Operator = OPS, reason: str = "Lost her telephone"
) -> EndedSessions:
    return await end_sessions(services.database, by, whose.viewer.wallet_id, raw_reason=reason)


async def again(services: IdentityServices) -> Admission:
    return await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=None)


async def test_all_sessions_of_the_customer_end_and_no_others(services: IdentityServices, owner: Owner) -> None:
    ada, bea = await arrive(services), await arrive(services, "bea")
    there = await again(services)
    ended = await end(services, ada)
    assert ended.user.username == "ada"
    assert sorted(ended.session_ids) == sorted([ada.viewer.session_id, there.viewer.session_id])
    for one in (ada, there):
        assert await services.gate.check(one.tokens.access_token) is Denial.REVOKED
        with pytest.raises(InvalidToken):
            await refresh_session(services, one.tokens.refresh_token)
    assert await services.gate.viewer(bea.tokens.access_token) == bea.viewer
    assert await recorded(owner) == [("end_sessions", "ops", "Lost her telephone")]
    assert await disagreements(services) == []


async def test_ending_sessions_signals_every_server(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    there = await again(services)
    told: list[object] = []

    def listen(*said: object) -> None:
        told.append(said[3])

    await owner.add_listener(CHANNEL, listen)
    await end(services, ada)
    await owner.fetchval("select 1")
    await owner.remove_listener(CHANNEL, listen)
    ended = [session for payload in told for session in read(str(payload)).sessions]
    assert sorted(ended) == sorted([ada.viewer.session_id, there.viewer.session_id])


async def test_the_customer_can_sign_in_again_with_the_same_password(services: IdentityServices) -> None:
    ada = await arrive(services)
    await end(services, ada)
    here = await again(services)
    assert [one.id for one in await live(services, here.viewer)] == [here.viewer.session_id]
    assert await disagreements(services) == []


async def test_nothing_is_recorded_when_the_customer_has_no_session(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    await end(services, ada)
    assert (await end(services, ada)).session_ids == []
    assert len(await recorded(owner)) == 1


async def test_ended_sessions_of_a_fully_frozen_customer_stay_ended_after_unfreezing(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services)
    await owner.execute(STATE["frozen for all"])
    assert len((await end(services, ada)).session_ids) == 1


async def test_ending_sessions_of_a_closed_user_is_refused(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    await owner.execute(STATE["gone"])
    with pytest.raises(Refusal) as refused:
        await end(services, ada)
    assert refused.value.code == "WALLET_CLOSED"
    assert await recorded(owner) == []


async def test_ending_sessions_without_a_reason_is_refused(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    with pytest.raises(InvalidInput) as refused:
        await end(services, ada, reason=" ")
    assert refused.value.field == "reason"
    assert await services.gate.viewer(ada.tokens.access_token) == ada.viewer
    assert await recorded(owner) == []


async def test_an_operator_cannot_end_their_own_sessions_but_another_operator_can(
    services: IdentityServices, owner: Owner
) -> None:
    ada, olga = await arrive(services), await arrive(services, "olga")
    with pytest.raises(Refusal) as refused:
        await end(services, ada, acting(ada))
    assert (refused.value.code, refused.value.field) == ("FORBIDDEN", "customer")
    assert len(await live(services, ada.viewer)) == 1
    assert await recorded(owner) == []
    await end(services, ada, acting(olga))
    assert await live(services, ada.viewer) == []


async def test_ending_sessions_returns_them_even_if_the_reply_is_lost(losing: LosesReplies, owner: Owner) -> None:
    async with receiving(losing) as services:
        ada = await arrive(services)
        losing.losses = 2
        assert (await end(services, ada)).session_ids == [ada.viewer.session_id]
    assert len(await recorded(owner)) == 1


async def test_ending_sessions_does_not_end_sessions_that_start_later(
    services: IdentityServices, owner: Owner
) -> None:
    """The audit compares the start and end of each session with the recorded actions."""
    ada = await arrive(services)
    for _ in range(4):
        await asyncio.gather(*(work for _ in range(3) for work in (again(services), end(services, ada))))
        assert await disagreements(services) == []
    assert len(await recorded(owner)) >= 1
