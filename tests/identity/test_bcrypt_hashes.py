"""bcrypt hashes from Supabase: verified once, then replaced by argon2id; timing does not show who has one."""

from collections.abc import AsyncIterator

import bcrypt
import pytest

from pocketpay.database.sessions import Database
from pocketpay.identity import bcrypt_hashes, passwords
from pocketpay.identity.errors import InvalidCredentials
from pocketpay.identity.imported_hashes import HashesLeft
from pocketpay.identity.passwords import NO_PASSWORD, Passwords
from pocketpay.identity.repository import people
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sign_in import sign_in
from tests.people import HOME, PASSWORD, Owner, arrive

pytestmark = pytest.mark.usefixtures("real_hashes")


def brought(password: str = PASSWORD, cost: int = 4, kind: str = "2a") -> str:
    kept = bcrypt.hashpw(password.encode()[:72], f"$2b${cost:02}$abcdefghijklmnopqrstuu".encode()).decode()
    return kept.replace("$2b$", f"${kind}$")


@pytest.fixture
async def opened() -> AsyncIterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


@pytest.mark.parametrize("kind", ["2a", "2b", "2y"])
async def test_a_bcrypt_hash_verifies_and_is_replaced_by_argon2id(opened: Passwords, kind: str) -> None:
    verdict = await opened.verify(brought(kind=kind), PASSWORD)
    assert verdict.matches
    assert verdict.rehashed is not None
    assert verdict.rehashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await opened.verify(verdict.rehashed, PASSWORD)).matches
    wrong = await opened.verify(brought(kind=kind), PASSWORD + "!")
    assert (wrong.matches, wrong.rehashed) == (False, None)


async def test_only_the_first_72_bytes_of_a_bcrypt_password_count_as_in_supabase(opened: Passwords) -> None:
    long = "é" * 40 + "violet"
    kept = brought(long)
    assert (await opened.verify(kept, long)).matches
    assert (await opened.verify(kept, "é" * 36)).matches
    assert not (await opened.verify(kept, "é" * 35)).matches
    renewed = (await opened.verify(kept, long)).rehashed
    assert renewed is not None
    assert not (await opened.verify(renewed, "é" * 36)).matches, "from now on every character counts"


@pytest.mark.parametrize("password", ["", "\x00", "a\x00b", "\ud800", "x" * 257, "x" * 60_000])
async def test_any_text_can_be_verified_against_a_bcrypt_hash(opened: Passwords, password: str) -> None:
    assert not (await opened.verify(brought(), password)).matches


async def test_a_password_longer_than_the_maximum_never_matches(opened: Passwords) -> None:
    kept = brought("x" * 300)
    assert (await opened.verify(kept, "x" * 256)).matches
    assert not (await opened.verify(kept, "x" * 257)).matches


BROKEN = (NO_PASSWORD, "", "$2a$10$short", "$2x" + brought()[3:], "$2b$31$" + "x" * 53)


@pytest.mark.parametrize("kept", BROKEN)
async def test_a_broken_bcrypt_hash_matches_no_password(opened: Passwords, kept: str) -> None:
    for password in (PASSWORD, NO_PASSWORD, ""):
        assert not (await opened.verify(kept, password)).matches


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The computed hashes, in order: `argon2`, or the rounds of a bcrypt."""
    done: list[str] = []
    verdict, spend, matches = passwords._verdict, bcrypt_hashes._hash, bcrypt_hashes.matches

    def noted_verdict(kept: str, password: str) -> passwords.Verdict:
        done.append("argon2")
        return verdict(kept, password)

    def noted_hash(cost: int) -> None:
        done.append(str(2**cost))
        spend(cost)

    def noted_matches(kept: str, password: bytes) -> bool:
        done.append(str(2 ** int(kept[4:6])))
        return matches(kept, password)

    monkeypatch.setattr(passwords, "_verdict", noted_verdict)
    monkeypatch.setattr(bcrypt_hashes, "_hash", noted_hash)
    monkeypatch.setattr(bcrypt_hashes, "matches", noted_matches)
    return done


@pytest.mark.parametrize("password", ["another one altogether", "x" * 300])
@pytest.mark.parametrize("dearest", [0, 4, 6])
async def test_every_refused_sign_in_computes_the_same_hashes(
    opened: Passwords, work: list[str], dearest: int, password: str
) -> None:
    ours = await opened.hash(PASSWORD)
    kinds = {"ours": ours, "nobody": None, "no password": NO_PASSWORD, "broken": "$2a$10$short"}
    if dearest:
        kinds |= {"bcrypt 4": brought(), "the dearest": brought(cost=dearest)}
    for kind, kept in kinds.items():
        work.clear()
        assert not (await opened.verify(kept, password, left=HashesLeft(dearest))).matches
        assert work.count("argon2") == 1, kind
        assert sum(int(one) for one in work if one != "argon2") == (2**dearest if dearest else 0), kind


async def test_bcrypt_is_no_longer_computed_when_the_last_bcrypt_hash_is_replaced(
    services: IdentityServices, database: Database, owner: Owner
) -> None:
    async def dearest() -> int:
        async with database.read() as session:
            return (await people.hashes_left(session)).highest_bcrypt_cost

    for name in ("ada", "bob", "eve"):
        await arrive(services, name)
    assert await dearest() == 0
    await owner.execute("update users set password_hash = $1 where username = 'ada'", brought(cost=5))
    await owner.execute("update users set password_hash = $1 where username = 'bob'", brought(cost=4))
    await owner.execute(
        "update users set password_hash = $1, closed_at = clock_timestamp() where username = 'eve'", brought(cost=6)
    )
    assert await dearest() == 5
    for name, left in (("ada", 4), ("bob", 0)):
        await sign_in(services, name, PASSWORD, address=HOME, user_agent=None)
        assert await dearest() == left


async def test_a_wrong_password_does_not_replace_a_hash(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    kept = brought()
    await owner.execute("update users set password_hash = $1", kept)
    with pytest.raises(InvalidCredentials):
        await sign_in(services, "ada", PASSWORD + "!", address=HOME, user_agent=None)
    assert await owner.fetchval("select password_hash from users") == kept
