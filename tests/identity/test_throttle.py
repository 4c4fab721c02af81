"""Throttles: which attempts share a counter, and for how long."""

import contextlib

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database
from pocketpay.identity import logins
from pocketpay.identity.errors import RateLimited
from pocketpay.identity.networks import address as one_address
from pocketpay.identity.repository.known_addresses import NOBODY
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.throttle import FREE_FAILURES, Throttle
from tests.people import HOME, Owner, facts


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.10", "192.0.2.10"),
        ("::ffff:192.0.2.10", "192.0.2.10"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_one_customers_ipv6_network_counts_as_one_address(address: str, counted_as: str) -> None:
    assert one_address(address) == counted_as


async def test_two_servers_share_the_counter_of_an_address(database: Database) -> None:
    one, other = (Throttle(database, sign_ups_per_hour=3) for _ in range(2))
    for throttle in (one, other, one):
        await throttle.sign_up_from(HOME)
    for throttle in (one, other):
        with pytest.raises(RateLimited) as refused:
            await throttle.sign_up_from(HOME)
        assert 3_590 <= refused.value.retry_after_seconds <= 3_600
    await other.sign_up_from("192.0.2.11")


async def test_sign_ups_and_sign_ins_have_separate_counters(database: Database) -> None:
    throttle = Throttle(database, sign_ups_per_hour=1, sign_ins_per_minute=1)
    await throttle.sign_up_from(HOME)
    await throttle.sign_in_from(HOME)
    with pytest.raises(RateLimited):
        await throttle.sign_in_from(HOME)


async def test_a_rate_that_is_not_set_means_no_limit(database: Database, owner: Owner) -> None:
    throttle = Throttle(database)
    for _ in range(100):
        await throttle.sign_in_from(HOME)
    assert await owner.fetchval("select count(*) from throttles") == 0


async def test_refused_attempts_do_not_extend_the_wait(database: Database, owner: Owner) -> None:
    throttle = Throttle(database, sign_ins_per_minute=1)
    await throttle.sign_in_from(HOME)
    until = await owner.fetchval("select expires_at from throttles")
    for _ in range(20):
        with pytest.raises(RateLimited):
            await throttle.sign_in_from(HOME)
    assert await facts(owner, "select expires_at, hits from throttles") == (until, 2)


async def test_an_attempt_answered_as_busy_is_not_counted(database: Database) -> None:
    throttle = Throttle(database)
    for _ in range(2 * FREE_FAILURES):
        with pytest.raises(ServiceBusy):
            async with throttle.sign_in(logins.read("ada"), None, HOME):
                raise ServiceBusy("too many passwords are being checked")
        with pytest.raises(ServiceBusy):
            async with throttle.signed_in(NOBODY, HOME):
                raise ServiceBusy("too many passwords are being checked")


async def test_an_attempt_that_ends_with_an_error_counts_as_failed(database: Database) -> None:
    throttle = Throttle(database)
    for _ in range(FREE_FAILURES):
        with pytest.raises(ZeroDivisionError):
            async with throttle.signed_in(NOBODY, HOME):
                raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError):
            async with throttle.sign_in(logins.read("ada"), None, HOME):
                raise ZeroDivisionError
    with pytest.raises(RateLimited):
        async with throttle.signed_in(NOBODY, HOME):
            pass
    with pytest.raises(RateLimited):
        async with throttle.sign_in(logins.read("ada"), None, HOME):
            pass


async def test_expired_counters_are_deleted(services: IdentityServices, owner: Owner) -> None:
    throttle = Throttle(services.database, sign_ins_per_minute=5)
    for n in range(3):
        await throttle.sign_in_from(f"192.0.2.{n}")
    await owner.execute("update throttles set expires_at = clock_timestamp() - interval '1 second'")
    await throttle.sign_in_from("192.0.2.9")
    assert await services.sweep() == 3
    assert await owner.fetchval("select count(*) from throttles") == 1


async def test_counters_contain_no_address_and_no_login(database: Database, owner: Owner) -> None:
    throttle = Throttle(database, sign_ins_per_minute=5)
    await throttle.sign_in_from(HOME)
    async with throttle.sign_in(logins.read("my password typed as a login"), None, HOME):
        pass
    for table in ("throttles", "sign_in_lanes", "sign_in_turns"):
        rows = [row[0] for row in await owner.fetch(f"select t::text from {table} t")]
        assert rows
        assert not [row for row in rows if HOME in row or "typed" in row]


A_YEAR_AHEAD = """
update throttles set window_started_at = window_started_at + interval '1 year',
    expires_at = expires_at + interval '1 year', blocked_until = blocked_until + interval '1 year'
"""


async def test_a_window_written_by_a_clock_in_the_future_is_ignored(database: Database, owner: Owner) -> None:
    throttle = Throttle(database, sign_ups_per_hour=1)
    await throttle.sign_up_from(HOME)
    await owner.execute(A_YEAR_AHEAD)
    await throttle.sign_up_from(HOME)
    with pytest.raises(RateLimited) as refused:
        await throttle.sign_up_from(HOME)
    assert refused.value.retry_after_seconds <= 3_600


async def test_a_wait_written_by_a_clock_in_the_future_is_ignored(database: Database, owner: Owner) -> None:
    throttle = Throttle(database)
    for _ in range(FREE_FAILURES + 1):
        with contextlib.suppress(RateLimited):
            async with throttle.signed_in(NOBODY, HOME):
                pass
    await owner.execute(A_YEAR_AHEAD)
    for _ in range(FREE_FAILURES):
        async with throttle.signed_in(NOBODY, HOME):
            pass
    with pytest.raises(RateLimited):
        async with throttle.signed_in(NOBODY, HOME):
            pass
