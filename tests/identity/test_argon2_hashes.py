"""argon2 hashes with other parameters: verified once, then replaced by ours; timing does not show who has one."""

from collections.abc import AsyncIterator

import orjson
import pytest
from argon2 import PasswordHasher, Type

from pocketpay.database.sessions import Database
from pocketpay.identity import argon2_hashes, passwords
from pocketpay.identity.errors import InvalidCredentials
from pocketpay.identity.imported_hashes import HashesLeft
from pocketpay.identity.passwords import NO_PASSWORD, Passwords
from pocketpay.identity.repository import people
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sign_in import sign_in
from tests.identity.test_bcrypt_hashes import brought as bcrypt_hash
from tests.people import HOME, PASSWORD, Owner, arrive
from tests.plans import rows_read, scans

pytestmark = pytest.mark.usefixtures("real_hashes")

FROM_GO = (
    "$argon2i$v=19$m=16,t=2,p=1$bGJRWThNOHJJTVBSdHl2dQ$NfEnUOuUpb7F2fQkgFUG4g",
    "$argon2id$v=19$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk",
)
"""Two hashes of "test" from another implementation."""


def brought(passes: int = 3, lanes: int = 2, kind: Type = Type.ID, password: str = PASSWORD) -> str:
    return PasswordHasher(time_cost=passes, memory_cost=64, parallelism=lanes, type=kind).hash(password)


@pytest.fixture
async def opened() -> AsyncIterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


@pytest.mark.parametrize("kept", [brought(), brought(kind=Type.I)], ids=["argon2id", "argon2i"])
async def test_a_hash_with_other_parameters_verifies_and_is_replaced_by_ours(opened: Passwords, kept: str) -> None:
    verdict = await opened.verify(kept, PASSWORD)
    assert verdict.matches
    assert verdict.rehashed is not None
    assert verdict.rehashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await opened.verify(verdict.rehashed, PASSWORD)).matches
    wrong = await opened.verify(kept, PASSWORD + "!")
    assert (wrong.matches, wrong.rehashed) == (False, None)


@pytest.mark.parametrize("kept", FROM_GO)
async def test_a_hash_of_another_implementation_verifies(opened: Passwords, kept: str) -> None:
    assert (await opened.verify(kept, "test")).matches
    assert not (await opened.verify(kept, "Test")).matches


@pytest.mark.parametrize("password", ["", "\x00", "a\x00b", "\ud800", "x" * 257, "x" * 60_000])
async def test_any_text_can_be_verified_against_an_argon2_hash(opened: Passwords, password: str) -> None:
    assert not (await opened.verify(brought(), password)).matches


async def test_a_password_longer_than_the_maximum_never_matches(opened: Passwords) -> None:
    assert (await opened.verify(brought(password="x" * 256), "x" * 256)).matches
    assert not (await opened.verify(brought(password="x" * 257), "x" * 257)).matches


@pytest.mark.parametrize(
    ("parameters", "fits"),
    [
        ("m=65536,t=3,p=4", True),
        ("m=65536,t=4,p=1", True),
        ("m=65536,t=5,p=1", False),
        ("m=131072,t=2,p=1", True),
        ("m=131073,t=1,p=1", False),
        ("m=8,t=1,p=1", True),
        ("m=8,t=1,p=2", False),
        ("m=4096,t=0,p=1", False),
        ("m=4096,t=3,p=0", False),
        ("m=4096,t=3,p=9", False),
    ],
)
def test_hashes_that_cost_too_much_are_not_verified(parameters: str, fits: bool) -> None:
    one = argon2_hashes.read(f"$argon2id$v=19${parameters}$bGJRWThNOHJJTVBSdHl2dQ$NfEnUOuUpb7F2fQkgFUG4g")
    assert one is not None
    assert one.kind == f"argon2id$v=19${parameters}"
    assert one.is_within_bounds is fits


BROKEN = (
    NO_PASSWORD,
    FROM_GO[0][:-1],
    FROM_GO[0].replace("v=19", "v=16"),
    FROM_GO[0].replace("$argon2i$", "$argon2d$"),
    FROM_GO[0].replace("m=16,t=2,p=1", "m=16,t=2,p=1,keyid=x"),
    FROM_GO[0] + "==",
    FROM_GO[0][:-1] + "h",
)


@pytest.mark.parametrize("kept", BROKEN)
async def test_a_broken_argon2_hash_matches_no_password(opened: Passwords, kept: str) -> None:
    assert argon2_hashes.read(kept) is None
    for password in ("test", NO_PASSWORD, ""):
        assert not (await opened.verify(kept, password)).matches


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The argon2 computations, in order: `ours`, or the parameters of another kind."""
    done: list[str] = []
    verdict, raw = passwords._verdict, argon2_hashes._raw

    def noted_verdict(kept: str, password: str) -> passwords.Verdict:
        done.append("ours")
        return verdict(kept, password)

    def noted_raw(one: argon2_hashes.Argon2Hash, password: bytes) -> bytes:
        done.append(one.kind)
        return raw(one, password)

    monkeypatch.setattr(passwords, "_verdict", noted_verdict)
    monkeypatch.setattr(argon2_hashes, "_raw", noted_raw)
    return done


@pytest.mark.parametrize("password", ["another one altogether", "x" * 300])
async def test_every_refused_sign_in_computes_one_hash_of_each_remaining_kind(
    opened: Passwords, work: list[str], password: str
) -> None:
    one, two = brought(passes=1), brought(passes=3, lanes=4)
    kinds = tuple(sorted(kept.rsplit("$", 2)[0][1:] for kept in (one, two)))
    kept = {
        "ours": await opened.hash(PASSWORD),
        "nobody": None,
        "no password": NO_PASSWORD,
        "broken": BROKEN[1],
        "one": one,
        "two": two,
        "bcrypt": bcrypt_hash(),
    }
    for who, hash_ in kept.items():
        work.clear()
        assert not (await opened.verify(hash_, password, left=HashesLeft(4, kinds))).matches
        assert sorted(work) == sorted(("ours", *kinds)), who


async def test_a_hash_of_our_own_kind_adds_no_other_computation(opened: Passwords, work: list[str]) -> None:
    assert not (await opened.verify(None, PASSWORD, left=HashesLeft(0, (passwords.our_kind(),)))).matches
    assert work == ["ours"]


async def test_a_kind_of_argon2_is_no_longer_computed_when_its_last_hash_is_replaced(
    services: IdentityServices, database: Database, owner: Owner
) -> None:
    async def left() -> tuple[str, ...]:
        async with database.read() as session:
            return (await people.hashes_left(session)).argon2

    for name in ("ada", "bob", "eve", "joe"):
        await arrive(services, name)
    assert await left() == ()
    for name, kept in (("ada", brought(1)), ("bob", brought(1)), ("eve", brought(2))):
        await owner.execute("update users set password_hash = $2 where username = $1", name, kept)
    await owner.execute(
        "update users set password_hash = $1, closed_at = clock_timestamp() where username = 'joe'", brought(4)
    )
    one, two = ("argon2id$v=19$m=64,t=1,p=2", "argon2id$v=19$m=64,t=2,p=2")
    assert await left() == (one, two)
    for name, after in (("ada", (one, two)), ("eve", (one,)), ("bob", ())):
        await sign_in(services, name, PASSWORD, address=HOME, user_agent=None)
        assert await left() == after
        await sign_in(services, name, PASSWORD, address=HOME, user_agent=None)


async def test_a_sign_in_with_an_unknown_login_computes_the_remaining_kinds(
    services: IdentityServices, owner: Owner, work: list[str]
) -> None:
    await arrive(services, "ada")
    await owner.execute("update users set password_hash = $1", brought())
    with pytest.raises(InvalidCredentials):
        await sign_in(services, "nobody", PASSWORD, address=HOME, user_agent=None)
    assert sorted(work) == ["argon2id$v=19$m=64,t=3,p=2", "ours"]


FILL = """
insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at)
select gen_random_uuid(), 'user_' || n, 'user', case
        when n % 20 = 0 then '$argon2id$v=19$m=64,t=' || n % 3 || ',p=2$' || n
        when n % 20 = 1 then '$2a$10$' || n
        else '$argon2id$v=19$m=19456,t=2,p=1$' || n end,
    'member', gen_random_uuid(), now(), now()
from generate_series(1, 20000) n
"""


def test_the_index_of_imported_hashes_excludes_our_own_kind() -> None:
    assert f"not like '${passwords.our_kind()}$%'" in people.OTHER_ARGON2


async def test_kinds_are_read_from_an_index_one_row_each(owner: Owner) -> None:
    await owner.execute("set session_replication_role = replica")  # allows users without wallets
    await owner.execute(FILL)
    await owner.execute("analyze users")
    row = await owner.fetchrow(people._HASHES_LEFT)
    assert row is not None
    assert tuple(row) == (10, [f"argon2id$v=19$m=64,t={passes},p=2" for passes in range(3)])
    (said,) = await owner.fetch(f"explain (analyze, format json) {people._HASHES_LEFT}")
    steps = scans(orjson.loads(said[0])[0]["Plan"], "users")
    assert {step["Index Name"] for step in steps} == {"ix_users_bcrypt", "ix_users_brought_argon2"}
    assert rows_read(steps) <= 4
