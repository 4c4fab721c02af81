"""Changing a password: the other sessions end, the old password stops working, and concurrent sign-ins gain
nothing."""

import asyncio
from typing import Any

import pytest
from argon2 import PasswordHasher

from pocketpay.database.sessions import Database
from pocketpay.identity import passwords, sessions
from pocketpay.identity.change_password import change_password
from pocketpay.identity.errors import InvalidCredentials, InvalidToken, RateLimited, Unauthenticated
from pocketpay.identity.gate import Denial
from pocketpay.identity.refresh_session import refresh_session
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.user import Changed
from pocketpay.updates.signals import CHANNEL, read
from tests.conftest import Dsns
from tests.people import HOME, PASSWORD, LosesReplies, Owner, arrive, facts, receiving

NEW = "amber-lighthouse-42"
WRONG = "another one altogether"
HASH = "select password_hash from users where username = 'ada'"


async def signed_in(services: IdentityServices, password: str = PASSWORD) -> Admission:
    return await sign_in(services, "ada", password, address=HOME, user_agent=None)


async def changed(services: IdentityServices, whose: Admission, current: str = PASSWORD, new: str = NEW) -> Changed:
    return await change_password(services, whose.viewer, current, new, address=HOME)


async def test_the_new_password_signs_in_and_the_old_one_does_not(services: IdentityServices) -> None:
    ada = await arrive(services)
    assert (await changed(services, ada)).user == ada.user
    assert (await signed_in(services, NEW)).user == ada.user
    with pytest.raises(InvalidCredentials):
        await signed_in(services)


async def test_other_sessions_end_everywhere_and_this_one_stays(services: IdentityServices, owner: Owner) -> None:
    told: list[str] = []
    await owner.add_listener(CHANNEL, lambda *said: told.append(str(said[3])))
    ada, bea = await arrive(services), await arrive(services, "bea")
    here = await signed_in(services)
    assert (await changed(services, here)).user is not None
    assert await services.gate.check(ada.tokens.access_token) is Denial.REVOKED
    for staying in (here, bea):
        assert await services.gate.viewer(staying.tokens.access_token) == staying.viewer
    await owner.execute("select 1")
    assert [list(read(payload).sessions) for payload in told] == [[ada.viewer.session_id]]


@pytest.mark.parametrize(
    ("current", "new", "refused"),
    [
        (WRONG, NEW, [("INVALID_CREDENTIALS", "currentPassword")]),
        ("", NEW, [("INVALID_CREDENTIALS", "currentPassword")]),
        ("\ud800" * 60_000, NEW, [("INVALID_CREDENTIALS", "currentPassword")]),
        (PASSWORD, "short", [("WEAK_PASSWORD", "newPassword")]),
        (PASSWORD, "x" * 257, [("WEAK_PASSWORD", "newPassword")]),
        (PASSWORD, "password1234", [("WEAK_PASSWORD", "newPassword")]),
        (PASSWORD, "ada@example.com1", [("WEAK_PASSWORD", "newPassword")]),
        (PASSWORD, "amber-lighthouse\ud800", [("WEAK_PASSWORD", "newPassword")]),
        (WRONG, "short", [("INVALID_CREDENTIALS", "currentPassword"), ("WEAK_PASSWORD", "newPassword")]),
    ],
)
async def test_refusals_name_their_field_and_change_nothing(
    services: IdentityServices, owner: Owner, current: str, new: str, refused: list[tuple[str, str]]
) -> None:
    ada = await arrive(services, raw_email="ada@example.com")
    other, kept = await signed_in(services), await facts(owner, HASH)
    answer = await changed(services, ada, current, new)
    assert answer.user is None
    assert [(one.code, one.field) for one in answer.refusals] == refused
    assert await facts(owner, HASH) == kept
    assert await services.gate.viewer(other.tokens.access_token) == other.viewer


async def test_wrong_passwords_have_a_separate_counter_from_sign_in(services: IdentityServices) -> None:
    ada = await arrive(services)
    for _ in range(5):
        assert (await changed(services, ada, WRONG)).refusals
    with pytest.raises(RateLimited):
        await changed(services, ada)
    assert (await signed_in(services)).user == ada.user


async def test_a_right_and_a_wrong_password_compute_the_same_hashes(
    services: IdentityServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await arrive(services)
    work: list[str] = []
    hasher = passwords._ARGON2

    class Counted:
        memory_cost, time_cost, parallelism = hasher.memory_cost, hasher.time_cost, hasher.parallelism
        check_needs_rehash = staticmethod(hasher.check_needs_rehash)

        @staticmethod
        def hash(password: bytes) -> str:
            work.append("hash")
            return hasher.hash(password)

        @staticmethod
        def verify(kept: str, password: bytes) -> bool:
            work.append("verify")
            return hasher.verify(kept, password)

    monkeypatch.setattr(passwords, "_ARGON2", Counted)
    assert (await changed(services, ada, WRONG)).refusals
    wrong, work = work, []
    assert not (await changed(services, ada)).refusals
    assert work == wrong == ["verify", "hash"]


async def test_one_of_two_concurrent_changes_succeeds(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    there = await signed_in(services)
    news = (NEW, "copper-orchard-77")
    answers = await asyncio.gather(
        *(changed(services, whose, new=new) for whose, new in zip((ada, there), news, strict=True)),
        return_exceptions=True,
    )
    (won,) = [n for n, answer in enumerate(answers) if isinstance(answer, Changed) and answer.user]
    lost = answers[1 - won]
    assert isinstance(lost, Unauthenticated) or (
        isinstance(lost, Changed) and [one.code for one in lost.refusals] == ["INVALID_CREDENTIALS"]
    )
    assert (await signed_in(services, news[won])).user == ada.user
    with pytest.raises(InvalidCredentials):
        await signed_in(services, news[1 - won])
    assert await owner.fetchval("select count(*) from sessions where revoked_at is null") == 2


async def test_one_of_two_concurrent_changes_at_two_servers_succeeds(
    services: IdentityServices, database_dsn: Dsns, owner: Owner
) -> None:
    """One server handles the attempts of a user one by one; two servers wait for each other at the user's row."""
    ada = await arrive(services)
    there = await signed_in(services)
    elsewhere = await Database.open(database_dsn.server)
    async with receiving(elsewhere) as other:
        answers = await asyncio.gather(
            changed(services, ada), changed(other, there, new="copper-orchard-77"), return_exceptions=True
        )
    await elsewhere.close()
    assert len([one for one in answers if isinstance(one, Changed) and one.user]) == 1
    assert await owner.fetchval("select count(*) from sessions where revoked_at is null") == 1


async def test_a_sign_in_that_verified_the_old_password_opens_no_session_after_the_change(
    services: IdentityServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await arrive(services)
    verify, once = services.passwords.verify, [True]

    async def and_then_it_is_changed(kept: str | None, password: str, **more: Any) -> passwords.Verdict:
        verdict = await verify(kept, password, **more)
        if once and password == PASSWORD:
            once.clear()
            async with services.database.write() as session:
                await session.execute("update users set password_hash = $1", await services.passwords.hash(NEW))
        return verdict

    monkeypatch.setattr(
        type(services.passwords), "verify", lambda _, *given, **more: and_then_it_is_changed(*given, **more)
    )
    with pytest.raises(InvalidCredentials):
        await signed_in(services)
    assert [one.id for one in await sessions.live(services, ada.viewer)] == [ada.viewer.session_id]


@pytest.mark.usefixtures("real_hashes")
async def test_two_concurrent_sign_ins_that_replace_an_outdated_hash_both_succeed(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services)
    outdated = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await owner.execute("update users set password_hash = $1", outdated)
    assert len(await asyncio.gather(*(signed_in(services) for _ in range(4)))) == 4
    assert (await facts(owner, HASH))[0] != outdated


async def test_a_concurrent_refresh_does_not_keep_another_session_open(
    services: IdentityServices,
) -> None:
    there = await arrive(services)
    here = await signed_in(services)
    _, refreshed = await asyncio.gather(
        changed(services, here),
        refresh_session(services, there.tokens.refresh_token),
        return_exceptions=True,
    )
    shown = [there, *([refreshed] if isinstance(refreshed, Admission) else [])]
    for one in shown:
        assert await services.gate.check(one.tokens.access_token) is Denial.REVOKED
        with pytest.raises(InvalidToken):
            await refresh_session(services, one.tokens.refresh_token)


async def test_a_session_that_has_ended_cannot_change_the_password(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    there, kept = await signed_in(services), await facts(owner, HASH)
    await sessions.revoke(services, ada.viewer, there.viewer.session_id)
    with pytest.raises(Unauthenticated):
        await changed(services, there)
    assert await facts(owner, HASH) == kept
    assert await services.gate.viewer(ada.tokens.access_token) == ada.viewer


async def test_a_user_whose_wallet_was_closed_meanwhile_changes_nothing(
    services: IdentityServices, owner: Owner
) -> None:
    ada, kept = await arrive(services), await facts(owner, HASH)
    await owner.execute("update users set closed_at = clock_timestamp(), email = null, phone = null")
    with pytest.raises(Unauthenticated):
        await changed(services, ada)
    assert await facts(owner, HASH) == kept


async def test_a_password_is_changed_once_when_replies_are_lost(database_dsn: Dsns) -> None:
    database = LosesReplies(database_dsn.server)
    async with receiving(database) as services:
        ada = await arrive(services)
        database.losses = 3
        assert (await changed(services, ada)).user == ada.user
        assert (await signed_in(services, NEW)).user == ada.user
    await database.close()
