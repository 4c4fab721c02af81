"""Signing in: a login and a password open a session, and the responses do not show who has an account."""

import asyncio
import time
from typing import Any

import pytest
from argon2 import PasswordHasher

from pocketpay.database.sessions import Database, Session
from pocketpay.errors import Refusal
from pocketpay.identity import passwords
from pocketpay.identity.errors import InvalidCredentials, RateLimited
from pocketpay.identity.gate import Denial
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.tokens import Claims
from tests.conftest import Dsns
from tests.people import ELSEWHERE, HOME, PASSWORD, LosesReplies, Owner, arrive, receiving

WRONG = "another one altogether"


async def tried(services: IdentityServices, login: str, password: str, address: str = HOME) -> Admission | Refusal:
    try:
        return await sign_in(services, login, password, address=address, user_agent=None)
    except Refusal as refusal:
        return refusal


@pytest.mark.parametrize("login", ["ada", " ADA ", "@ada", "ａｄａ", "ada@example.com", "ADA@Example.COM"])
async def test_any_spelling_of_a_username_or_an_email_opens_a_session(services: IdentityServices, login: str) -> None:
    person = await arrive(services, raw_email="ada@example.com")
    admitted = await tried(services, login, PASSWORD)
    assert isinstance(admitted, Admission)
    assert admitted.user == person.user
    assert admitted.viewer.session_id != person.viewer.session_id
    assert await services.gate.viewer(admitted.tokens.access_token) == admitted.viewer


@pytest.mark.parametrize(
    "login", ["nobody_here", "nobody@example.com", "", "\x00", "\ud800", "x" * 100_000, "@", "a'b--"]
)
async def test_an_unknown_login_gets_the_same_refusal_as_a_wrong_password(
    services: IdentityServices, login: str
) -> None:
    await arrive(services)
    unknown, wrong = await tried(services, login, PASSWORD), await tried(services, "ada", WRONG)
    assert isinstance(unknown, InvalidCredentials)
    assert isinstance(wrong, InvalidCredentials)
    assert vars(unknown) == vars(wrong)


@pytest.mark.parametrize("password", ["", "\x00", "\ud800", "x" * 60_000])
async def test_any_text_is_accepted_as_a_password_attempt(services: IdentityServices, password: str) -> None:
    await arrive(services)
    assert isinstance(await tried(services, "ada", password), InvalidCredentials)


@pytest.mark.usefixtures("real_hashes")
async def test_an_unknown_login_computes_a_hash_like_a_wrong_password(
    services: IdentityServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(services)
    hashed: list[str] = []
    verdict = passwords._verdict

    def noted(kept: str, password: str) -> passwords.Verdict:
        hashed.append(kept.rpartition("$")[0].rpartition("$")[0])
        return verdict(kept, password)

    monkeypatch.setattr(passwords, "_verdict", noted)
    for login in ("ada", "nobody_here", "nobody@example.com"):
        assert isinstance(await tried(services, login, WRONG), InvalidCredentials)
    assert hashed == ["$argon2id$v=19$m=19456,t=2,p=1"] * 3


async def test_a_refused_sign_in_runs_the_same_statements_for_any_login(
    services: IdentityServices, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same hashes, so the time tells nothing. `python -m benchmarks.sign_in` measures it."""
    await arrive(services, "ada", address=ELSEWHERE, raw_email="ada@example.com")
    await arrive(services, "closed", address=ELSEWHERE)
    await arrive(services, "no_password", address=ELSEWHERE)
    await owner.execute("update users set closed_at = clock_timestamp() where username = 'closed'")
    await owner.execute("update users set password_hash = 'none' where username = 'no_password'")
    ran: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        monkeypatch.setattr(Session, name, _noting(ran, getattr(Session, name)))
    ways = []
    for number, login in enumerate(
        ("nobody_here", "ada", "closed", "no_password", "ada@example.com", "x@example.com")
    ):
        ran.clear()
        refused = await tried(services, login, WRONG, address=f"203.0.113.{number}")
        # The column of the look-up depends on the text of the login, not on what it finds.
        ways.append((type(refused), ["by login" if "password_hash from users" in sql else sql for sql in ran]))
    assert len(ways[0][1]) > 3
    assert all(way == ways[0] for way in ways)


def _noting(ran: list[str], usual: Any) -> Any:
    async def noting(self: Session, sql: str, *arguments: Any) -> Any:
        ran.append(sql)
        return await usual(self, sql, *arguments)

    return noting


async def test_a_closed_user_is_refused_like_an_unknown_login(services: IdentityServices, owner: Owner) -> None:
    person = await arrive(services)
    await owner.execute("update users set closed_at = clock_timestamp(), email = null, phone = null")
    assert isinstance(await tried(services, "ada", PASSWORD), InvalidCredentials)
    assert await services.gate.check(person.tokens.access_token) is Denial.REVOKED


@pytest.mark.usefixtures("real_hashes")
async def test_signing_in_replaces_an_outdated_hash(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    outdated = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    await owner.execute("update users set password_hash = $1", outdated)
    assert isinstance(await tried(services, "ada", WRONG), InvalidCredentials)
    assert await owner.fetchval("select password_hash from users") == outdated
    assert isinstance(await tried(services, "ada", PASSWORD), Admission)
    assert (await owner.fetchval("select password_hash from users")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert isinstance(await tried(services, "ada", PASSWORD), Admission)


async def test_the_database_does_not_contain_the_password(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    await tried(services, "ada", PASSWORD)
    for table in ("users", "sessions", "refresh_tokens", "throttles"):
        assert not await owner.fetchval(
            f"select exists(select from {table} t where t::text like $1)", f"%{PASSWORD}%"
        )


async def test_signing_in_opens_one_session_when_a_database_reply_is_lost(database_dsn: Dsns, owner: Owner) -> None:
    database = LosesReplies(database_dsn.server)
    async with receiving(database) as services:
        await arrive(services)
        database.losses = 2
        admitted = await tried(services, "ada", PASSWORD)
        assert isinstance(admitted, Admission)
        assert isinstance(await services.gate.check(admitted.tokens.access_token), Claims)
    await database.close()
    assert await owner.fetchval("select count(*) from sessions") == 2


async def test_after_five_failures_even_the_right_password_must_wait(services: IdentityServices) -> None:
    await arrive(services, address=ELSEWHERE)
    answers = [await tried(services, "ada", WRONG) for _ in range(5)]
    assert all(isinstance(answer, InvalidCredentials) for answer in answers)
    refused = await tried(services, "ada", PASSWORD)
    assert isinstance(refused, RateLimited)
    assert 470 <= refused.retry_after_seconds <= 480


async def test_an_unknown_login_must_wait_like_a_known_one(services: IdentityServices) -> None:
    answers = [await tried(services, "nobody_here", WRONG) for _ in range(6)]
    assert [type(answer) for answer in answers] == [*[InvalidCredentials] * 5, RateLimited]


async def test_concurrent_guesses_do_not_exceed_the_limit(services: IdentityServices) -> None:
    await arrive(services)
    began = time.monotonic()
    answers = await asyncio.gather(*(tried(services, "ada", WRONG) for _ in range(20)))
    guesses = sum(isinstance(answer, InvalidCredentials) for answer in answers)
    assert 5 <= guesses <= 5 + int(time.monotonic() - began)  # one more for each second of waiting
    assert sum(isinstance(answer, RateLimited) for answer in answers) == 20 - guesses


async def test_one_person_may_sign_in_many_times_at_once(services: IdentityServices) -> None:
    await arrive(services)
    answers = await asyncio.gather(*(tried(services, "ada", PASSWORD) for _ in range(12)))
    assert all(isinstance(answer, Admission) for answer in answers)


async def test_waits_grow_to_at_most_a_minute(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    waits = []
    for _ in range(4):
        await tried(services, "ada", WRONG)
    for _ in range(9):
        assert isinstance(await tried(services, "ada", WRONG), InvalidCredentials)
        refused = await tried(services, "ada", PASSWORD)
        assert isinstance(refused, RateLimited)
        waits.append(refused.retry_after_seconds)
        await owner.execute("update throttles set blocked_until = clock_timestamp() where blocked_until is not null")
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_success_clears_the_failures_before_it(services: IdentityServices) -> None:
    await arrive(services)
    for _ in range(3):
        for _ in range(4):
            assert isinstance(await tried(services, "ada", WRONG), InvalidCredentials)
        assert isinstance(await tried(services, "ada", PASSWORD), Admission)


async def test_failures_are_forgotten_after_fifteen_minutes(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    for _ in range(7):
        await tried(services, "ada", WRONG)
    await owner.execute(
        "update throttles set expires_at = expires_at - interval '15 minutes', "
        "blocked_until = blocked_until + interval '1 hour'"
    )
    assert [type(await tried(services, "ada", WRONG)) for _ in range(5)] == [InvalidCredentials] * 5


async def test_guesses_from_other_addresses_do_not_block_the_users_known_address(services: IdentityServices) -> None:
    await arrive(services)
    assert isinstance(await tried(services, "ada", PASSWORD, HOME), Admission)
    for _ in range(7):
        await tried(services, "ada", WRONG, ELSEWHERE)
    assert isinstance(await tried(services, "ada", PASSWORD, ELSEWHERE), RateLimited)
    assert isinstance(await tried(services, "ada", PASSWORD, HOME), Admission)
    assert isinstance(await tried(services, "ada", PASSWORD, ELSEWHERE), RateLimited)


async def test_servers_share_the_counters_of_failures(services: IdentityServices, database_dsn: Dsns) -> None:
    await arrive(services)
    other_database = await Database.open(database_dsn.server)
    async with receiving(other_database) as other:
        answers = [await tried((services, other)[n % 2], "ada", WRONG) for n in range(6)]
        assert [type(answer) for answer in answers] == [*[InvalidCredentials] * 5, RateLimited]
        assert isinstance(await tried(other, "ada", PASSWORD), RateLimited)
    await other_database.close()


async def test_production_allows_twenty_sign_ins_a_minute_from_an_address(database: Database, owner: Owner) -> None:
    async with receiving(database, environment="production") as services:
        await arrive(services, address=ELSEWHERE)
        logins = ["ada", *(f"nobody_{n}" for n in range(19))]
        assert not [
            answer for login in logins if isinstance(answer := await tried(services, login, WRONG), RateLimited)
        ]
        refused = await tried(services, "ada", PASSWORD)
        assert isinstance(refused, RateLimited)
        assert 50 <= refused.retry_after_seconds <= 60
        assert isinstance(await tried(services, "ada", PASSWORD, ELSEWHERE), Admission)
        await owner.execute("update throttles set expires_at = clock_timestamp()")
        assert isinstance(await tried(services, "ada", PASSWORD), Admission)


async def test_a_terminated_connection_does_not_refuse_a_sign_in(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    await owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'pocketpay writer' and datname = current_database()"
    )
    assert isinstance(await tried(services, "ada", PASSWORD), Admission)
