"""An operator ends a customer's sessions: all of theirs, nobody else's, on every server, and it is on record."""

import asyncio

import pytest

from pocketpay.errors import Refusal
from pocketpay.identity.errors import InvalidToken
from pocketpay.identity.gate import Denial
from pocketpay.identity.reception import Admission, Reception
from pocketpay.identity.refresh_session import refresh_session
from pocketpay.identity.sessions import live
from pocketpay.identity.sign_in import sign_in
from pocketpay.operations.end_sessions import Ended, end_sessions
from pocketpay.operator_log.act import Operator
from pocketpay.transactions.errors import InvalidInput
from pocketpay.updates.signals import CHANNEL, read
from tests.operations.locked_out import STATE, acting, disagreements, recorded
from tests.operations.operators import OPS
from tests.people import HOME, PASSWORD, LosesReplies, Owner, arrive, receiving


async def end(
    reception: Reception, whose: Admission, by: Operator = OPS, reason: str = "Lost her telephone"
) -> Ended:
    return await end_sessions(reception.database, by, whose.viewer.wallet_id, raw_reason=reason)


async def again(reception: Reception) -> Admission:
    return await sign_in(reception, "ada", PASSWORD, address=HOME, user_agent=None)


async def test_every_session_ends_and_nobody_elses(reception: Reception, owner: Owner) -> None:
    ada, bea = await arrive(reception), await arrive(reception, "bea")
    there = await again(reception)
    ended = await end(reception, ada)
    assert ended.user.username == "ada"
    assert sorted(ended.session_ids) == sorted([ada.viewer.session_id, there.viewer.session_id])
    for one in (ada, there):
        assert await reception.gate.check(one.tokens.access_token) is Denial.REVOKED
        with pytest.raises(InvalidToken):
            await refresh_session(reception, one.tokens.refresh_token)
    assert await reception.gate.viewer(bea.tokens.access_token) == bea.viewer
    assert await recorded(owner) == [("end_sessions", "ops", "Lost her telephone")]
    assert await disagreements(reception) == []


async def test_every_server_is_told(reception: Reception, owner: Owner) -> None:
    ada = await arrive(reception)
    there = await again(reception)
    told: list[object] = []

    def listen(*said: object) -> None:
        told.append(said[3])

    await owner.add_listener(CHANNEL, listen)
    await end(reception, ada)
    await owner.fetchval("select 1")
    await owner.remove_listener(CHANNEL, listen)
    ended = [session for payload in told for session in read(str(payload)).sessions]
    assert sorted(ended) == sorted([ada.viewer.session_id, there.viewer.session_id])


async def test_customer_signs_in_again_with_the_same_password(reception: Reception) -> None:
    ada = await arrive(reception)
    await end(reception, ada)
    here = await again(reception)
    assert [one.id for one in await live(reception, here.viewer)] == [here.viewer.session_id]
    assert await disagreements(reception) == []


async def test_where_no_session_is_alive_nothing_is_recorded(reception: Reception, owner: Owner) -> None:
    ada = await arrive(reception)
    await end(reception, ada)
    assert (await end(reception, ada)).session_ids == []
    assert len(await recorded(owner)) == 1


async def test_customer_who_is_frozen_for_all_has_no_session_left_when_let_go(
    reception: Reception, owner: Owner
) -> None:
    ada = await arrive(reception)
    await owner.execute(STATE["frozen for all"])
    assert len((await end(reception, ada)).session_ids) == 1


async def test_customer_who_has_left_is_refused(reception: Reception, owner: Owner) -> None:
    ada = await arrive(reception)
    await owner.execute(STATE["gone"])
    with pytest.raises(Refusal) as refused:
        await end(reception, ada)
    assert refused.value.code == "WALLET_CLOSED"
    assert await recorded(owner) == []


async def test_missing_reason_ends_nothing(reception: Reception, owner: Owner) -> None:
    ada = await arrive(reception)
    with pytest.raises(InvalidInput) as refused:
        await end(reception, ada, reason=" ")
    assert refused.value.field == "reason"
    assert await reception.gate.viewer(ada.tokens.access_token) == ada.viewer
    assert await recorded(owner) == []


async def test_operator_does_not_end_their_own_and_another_one_may(reception: Reception, owner: Owner) -> None:
    ada, olga = await arrive(reception), await arrive(reception, "olga")
    with pytest.raises(Refusal) as refused:
        await end(reception, ada, acting(ada))
    assert (refused.value.code, refused.value.field) == ("FORBIDDEN", "customer")
    assert len(await live(reception, ada.viewer)) == 1
    assert await recorded(owner) == []
    await end(reception, ada, acting(olga))
    assert await live(reception, ada.viewer) == []


async def test_end_whose_reply_was_lost_names_the_sessions_all_the_same(losing: LosesReplies, owner: Owner) -> None:
    async with receiving(losing) as reception:
        ada = await arrive(reception)
        losing.losses = 2
        assert (await end(reception, ada)).session_ids == [ada.viewer.session_id]
    assert len(await recorded(owner)) == 1


async def test_sign_ins_and_ends_at_once_leave_sessions_that_began_later_alone(
    reception: Reception, owner: Owner
) -> None:
    """The audit compares when each session began and ended with the acts."""
    ada = await arrive(reception)
    for _ in range(4):
        await asyncio.gather(*(work for _ in range(3) for work in (again(reception), end(reception, ada))))
        assert await disagreements(reception) == []
    assert len(await recorded(owner)) >= 1
