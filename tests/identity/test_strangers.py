"""Signing in from unknown addresses: all servers share their turns, and known addresses do not wait for them."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database
from pocketpay.errors import Refusal
from pocketpay.identity import logins, throttle
from pocketpay.identity.change_password import change_password
from pocketpay.identity.errors import InvalidCredentials, RateLimited
from pocketpay.identity.lane import OPEN_FOR
from pocketpay.identity.passwords import Requester
from pocketpay.identity.repository import lanes
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.throttle import MAX_KNOWN_ADDRESSES, Throttle
from tests.conftest import Dsns
from tests.people import ELSEWHERE, HOME, PASSWORD, LosesReplies, Owner, arrive, receiving

WRONG = "another one altogether"
PHONE = "203.0.113.200"
"""A new address of the user, in no network of an attacker."""


async def tried(services: IdentityServices, password: str, address: str, login: str = "ada") -> Admission | Refusal:
    try:
        return await sign_in(services, login, password, address=address, user_agent=None)
    except Refusal as refusal:
        return refusal


async def flood(services: IdentityServices, addresses: int, login: str = "ada") -> list[Admission | Refusal]:
    """Tries a wrong password from that many addresses, each of a different provider."""
    return [await tried(services, WRONG, f"10.{n}.0.1", login) for n in range(addresses)]


async def pass_time(owner: Owner, seconds: float) -> None:
    """Moves all stored times back, as if that many seconds had passed."""
    earlier = timedelta(seconds=seconds)
    await owner.execute(
        "update sign_in_lanes set first_at = first_at - $1::interval, crowded_at = crowded_at - $1::interval, "
        "further_at = further_at - $1::interval",
        earlier,
    )
    await owner.execute(
        "update sign_in_turns set begins_at = begins_at - $1::interval, ends_at = ends_at - $1::interval, "
        "expires_at = expires_at - $1::interval",
        earlier,
    )


async def test_a_new_phone_gets_its_guess_at_the_promised_time_during_a_flood(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services)
    await flood(services, 40)
    refused = await tried(services, PASSWORD, PHONE)
    assert isinstance(refused, RateLimited)
    assert refused.retry_after_seconds == pytest.approx(36 * 120, abs=30)
    await pass_time(owner, refused.retry_after_seconds / 2)
    await flood(services, 80)
    again = await tried(services, PASSWORD, PHONE)
    assert isinstance(again, RateLimited)
    assert again.retry_after_seconds == pytest.approx(refused.retry_after_seconds / 2, abs=30)
    await pass_time(owner, again.retry_after_seconds)
    await flood(services, 80)
    assert isinstance(await tried(services, PASSWORD, PHONE), Admission)
    assert isinstance(await tried(services, PASSWORD, PHONE), Admission)


@pytest.mark.parametrize(("early_seconds", "calendar"), [(60, "first"), (-60, "further")])
async def test_a_turn_is_reserved_for_half_an_hour(
    services: IdentityServices, owner: Owner, early_seconds: int, calendar: str
) -> None:
    await arrive(services)
    await flood(services, 40)
    refused = await tried(services, PASSWORD, PHONE)
    assert isinstance(refused, RateLimited)
    before = {row["address"] for row in await owner.fetch("select address from sign_in_turns")}
    await pass_time(owner, refused.retry_after_seconds + OPEN_FOR.total_seconds() - early_seconds)
    assert isinstance(await tried(services, PASSWORD, PHONE), Admission)
    used = await owner.fetch("select address, calendar from sign_in_turns order by guess_id desc nulls last limit 1")
    assert [(row["address"] in before, row["calendar"]) for row in used] == [(True, calendar)]


async def test_turns_written_by_a_clock_in_the_future_delay_nobody(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    await flood(services, 40)
    for address in ("203.0.113.1", "203.0.113.2", PHONE):
        assert isinstance(await tried(services, PASSWORD, address), RateLimited)
    await pass_time(owner, -timedelta(days=365).total_seconds())
    assert isinstance(await tried(services, PASSWORD, PHONE), Admission)
    answers = await flood(services, 40)
    assert sum(isinstance(answer, InvalidCredentials) for answer in answers) == 4
    refused = await tried(services, PASSWORD, "203.0.113.3")
    assert isinstance(refused, RateLimited)
    assert refused.retry_after_seconds == pytest.approx(37 * 120, abs=30)


async def test_a_flood_at_two_servers_gets_no_more_guesses_than_at_one(
    services: IdentityServices, database_dsn: Dsns, owner: Owner
) -> None:
    await arrive(services)
    other_database = await Database.open(database_dsn.server)
    async with receiving(other_database) as other:
        answers = await asyncio.gather(
            *(tried((services, other)[n % 2], WRONG, f"10.{n}.0.1") for n in range(60)),
            return_exceptions=True,
        )
    await other_database.close()
    guesses = sum(isinstance(answer, InvalidCredentials) for answer in answers)
    assert guesses == 5
    times = await owner.fetch("select begins_at from sign_in_turns where guess_id is null order by begins_at")
    gaps = {after["begins_at"] - before["begins_at"] for before, after in pairwise(times)}
    assert gaps == {timedelta(minutes=2)}


async def test_a_flood_does_not_block_password_checks_of_a_signed_in_user(
    services: IdentityServices,
) -> None:
    ada = await arrive(services)
    await flood(services, 30)
    await flood(services, 30)
    changed = await change_password(services, ada.viewer, PASSWORD, "amber-lighthouse-42", address=PHONE)
    assert changed.user == ada.user


async def test_a_stolen_session_can_guess_no_faster_than_a_known_address(services: IdentityServices) -> None:
    ada = await arrive(services)
    for _ in range(5):
        assert (await change_password(services, ada.viewer, WRONG, "amber-lighthouse-42", address=PHONE)).refusals
    with pytest.raises(RateLimited) as refused:
        await change_password(services, ada.viewer, PASSWORD, "amber-lighthouse-42", address=HOME)
    assert refused.value.retry_after_seconds == 1


async def test_an_address_becomes_known_by_signing_up_and_by_signing_in(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, address=HOME)
    await flood(services, 30)
    assert isinstance(await tried(services, PASSWORD, HOME), Admission)
    assert isinstance(await tried(services, PASSWORD, ELSEWHERE), RateLimited)
    await owner.execute("delete from sign_in_lanes")
    await owner.execute("delete from sign_in_turns")
    assert isinstance(await tried(services, PASSWORD, ELSEWHERE), Admission)
    await flood(services, 30)
    assert isinstance(await tried(services, PASSWORD, ELSEWHERE), Admission)
    assert await owner.fetchval("select count(*) from known_addresses where user_id = $1", ada.user.id) == 2


async def test_known_addresses_survive_a_crash_that_empties_the_counters(
    services: IdentityServices, owner: Owner
) -> None:
    """PostgreSQL empties unlogged tables when it recovers from a crash."""
    await arrive(services)
    kinds = await owner.fetch("select relname, relpersistence::text as kind from pg_class where relkind = 'r'")
    assert {row["relname"]: row["kind"] for row in kinds}["known_addresses"] == "p"
    for row in kinds:
        if row["kind"] == "u":
            await owner.execute(f"truncate {row['relname']}")
    await flood(services, 30)
    assert isinstance(await tried(services, PASSWORD, HOME), Admission)


async def test_an_address_stored_by_the_previous_revision_is_known(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    await flood(services, 30)
    bucket = throttle._bucket("known", f"user {ada.user.id}", PHONE)
    await owner.execute(
        "insert into throttles (bucket, hits, window_started_at, expires_at) values ($1, 0, now(), now() + $2)",
        bucket,
        timedelta(days=1),
    )
    assert isinstance(await tried(services, PASSWORD, PHONE), Admission)


async def test_only_the_most_recently_used_addresses_are_kept(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    for n in range(MAX_KNOWN_ADDRESSES + 3):
        async with services.database.write() as session:
            await throttle.remember_address(session, ada.user.id, f"10.0.0.{n}")
    assert await owner.fetchval("select count(*) from known_addresses") == MAX_KNOWN_ADDRESSES
    assert not await services.throttle._is_known(ada.user.id, HOME)
    assert await services.throttle._is_known(ada.user.id, f"10.0.0.{MAX_KNOWN_ADDRESSES + 2}")


async def test_a_guess_uses_no_turn_when_no_hash_was_computed(services: IdentityServices) -> None:
    limits = Throttle(services.database)
    login = logins.read("ada")
    for _ in range(8):
        with pytest.raises(ServiceBusy):
            async with limits.sign_in(login, None, PHONE):
                raise ServiceBusy("too many passwords are being checked")
    async with limits.sign_in(login, None, PHONE) as attempt:
        assert attempt.requester is Requester.STRANGER


async def test_an_attempt_uses_one_turn_when_a_reply_is_lost(database_dsn: Dsns, owner: Owner) -> None:
    database = LosesReplies(database_dsn.server)
    async with receiving(database) as services:
        database.losses = 2
        assert isinstance(await tried(services, WRONG, PHONE), InvalidCredentials)
        assert await owner.fetchval("select array_agg(calendar::text) from sign_in_turns") == ["first"]
    await database.close()


async def test_trying_again_before_the_turn_writes_nothing(
    services: IdentityServices, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrive(services)
    await flood(services, 8)
    rows = "select md5(string_agg(t::text, ';' order by t::text)) from sign_in_turns t"
    before = await owner.fetchval(rows)
    written: list[object] = []

    async def asked(*arguments: object) -> timedelta:
        written.append(arguments)
        return timedelta(minutes=1)

    monkeypatch.setattr(lanes, "ask", asked)
    await flood(services, 8)
    # Five addresses had their guess at once, and request another one.
    assert len(written) == 5
    assert await owner.fetchval(rows) == before


async def test_expired_lanes_turns_and_addresses_are_deleted(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    await flood(services, 6)
    tables = ("sign_in_lanes", "sign_in_turns", "known_addresses")
    for table in tables:
        await owner.execute(f"update {table} set expires_at = clock_timestamp() - interval '1 second'")
    await services.sweep()
    for table in tables:
        assert await owner.fetchval(f"select count(*) from {table}") == 0
