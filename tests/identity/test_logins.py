"""Logins: every spelling that reaches one person has one key, and the key follows from the text alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.identity import logins
from pocketpay.identity.errors import InvalidCredentials, RateLimited
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sign_in import sign_in
from tests.people import ELSEWHERE, HOME, PASSWORD, arrive

WRONG = "another one altogether"
NAME = ["ada_l", "@ada_l", " ADA_L ", "＠ada_l", "ａｄａ_ｌ", "@ＡDA_L", "\tada_l\n", "@＠ada_l"]
EMAIL = ["ada@example.com", " Ada@EXAMPLE.com ", "ADA@example。com", "ada@ｅxample.com", "aDa@eXample.COM"]
WIDE = ["ada@exämple.com", "ada@EXÄMPLE.com", "ada@xn--exmple-cua.com", "ada@exa\u0308mple.com"]

NUMBER = [
    "+12025550123",
    " +1 (202) 555-0123 ",
    "\u200e+1 202 555 0123\u200e",
    "＋１２０２５５５０１２３",
    "+1٢٠٢5550123",
]


@pytest.mark.parametrize("spellings", [NAME, EMAIL, WIDE, NUMBER])
def test_spellings_of_one_login_have_one_key(spellings: list[str]) -> None:
    assert len({logins.read(typed).key for typed in spellings}) == 1


@pytest.mark.parametrize(
    "typed",
    ["ada@exa\0mple.com", "ada\0", "\ud800@example.com", "ada@", "", "@", "x" * 100_000, "+", "+1", "+12025550123x"],
)
def test_text_that_can_be_nobodys_is_looked_up_as_nobody(typed: str) -> None:
    login = logins.read(typed)
    assert (login.username, login.email, login.phone) == (None, None, None)


@pytest.mark.parametrize(
    ("typed", "username", "email", "phone"),
    [
        ("12025550123", "12025550123", None, None),
        ("+12025550123", None, None, "+12025550123"),
        ("+1@example.com", None, "+1@example.com", None),
        ("@ada", "ada", None, None),
    ],
)
def test_text_means_one_kind_of_login(typed: str, username: str | None, email: str | None, phone: str | None) -> None:
    login = logins.read(typed)
    assert (login.username, login.email, login.phone) == (username, email, phone)


def test_nobody_is_reached_by_an_address_with_a_character_that_postgresql_cannot_read() -> None:
    """It used to be left out before the look-up: another spelling with counters of its own."""
    assert logins.read("ada@exa\0mple.com").key != logins.read("ada@example.com").key
    assert logins.read("ada@exa\0mple.com").email is None


@given(st.text(max_size=400))
def test_any_text_is_read_and_what_it_means_is_read_as_the_same(typed: str) -> None:
    login = logins.read(typed)
    meant = login.username or login.email or login.phone
    if meant is not None:
        assert logins.read(meant).key == login.key
    assert logins.read(f"  {typed} ").key == login.key


async def answers(services: IdentityServices, typed: list[str], address: str) -> list[str]:
    said = []
    for one in typed:
        try:
            await sign_in(services, one, WRONG, address=address, user_agent=None)
        except (InvalidCredentials, RateLimited) as refused:
            said.append(f"{refused.code} {getattr(refused, 'retry_after_seconds', '')}")
    return said


@pytest.mark.parametrize("spellings", [NAME, EMAIL, WIDE, NUMBER])
async def test_spellings_of_one_login_are_counted_as_one_whether_it_is_somebodys_or_not(
    services: IdentityServices, spellings: list[str]
) -> None:
    tries = [spellings[n % len(spellings)] for n in range(9)]
    unknown = await answers(services, tries, "203.0.113.1")
    assert [one.split()[0] for one in unknown] == ["INVALID_CREDENTIALS"] * 5 + ["RATE_LIMITED"] * 4
    email = "ada@exämple.com" if spellings is WIDE else "ada@example.com"
    await arrive(services, "ada_l", raw_email=email, raw_phone=NUMBER[0], address=ELSEWHERE)
    async with services.database.write() as session:
        for table in ("sign_in_lanes", "sign_in_turns"):
            await session.execute(f"delete from {table}")
    known = await answers(services, tries, "203.0.113.1")
    assert [one.split()[0] for one in known] == [one.split()[0] for one in unknown]


async def test_phone_number_signs_in_its_owner_in_any_spelling(services: IdentityServices) -> None:
    await arrive(services, "ada", raw_phone=NUMBER[0])
    await arrive(services, "bea", raw_phone="+12025550199")
    for typed in NUMBER:
        signed_in = await sign_in(services, typed, PASSWORD, address=HOME, user_agent=None)
        assert signed_in.user.username == "ada"
    with pytest.raises(InvalidCredentials):
        await sign_in(services, "2025550123", PASSWORD, address=HOME, user_agent=None)


async def test_counters_do_not_tell_that_a_username_and_an_email_address_belong_together(
    services: IdentityServices,
) -> None:
    await arrive(services, "ada", raw_email="ada@example.com", address=ELSEWHERE)
    await arrive(services, "bea", raw_email="bea@example.com", address=ELSEWHERE)
    pairs = {
        "theirs": ("ada", "ada@example.com", "203.0.113.1"),
        "another's": ("bea", "eve@example.com", "203.0.113.2"),
        "nobody's": ("nobody_here", "nobody@example.com", "203.0.113.3"),
    }
    seen = {}
    for whose, (username, email, address) in pairs.items():
        first = await answers(services, [username] * 7, address)
        seen[whose] = [one.split()[0] for one in first + await answers(services, [email] * 7, address)]
    assert seen["theirs"] == seen["another's"] == seen["nobody's"]
    assert seen["theirs"] == (["INVALID_CREDENTIALS"] * 5 + ["RATE_LIMITED"] * 2) * 2


async def test_somebody_without_a_password_and_somebody_who_has_left_are_counted_like_nobody(
    services: IdentityServices,
) -> None:
    await arrive(services, "imported", address=ELSEWHERE)
    await arrive(services, "departed", address=ELSEWHERE)
    async with services.database.write() as session:
        await session.execute("update users set password_hash = 'none' where username = 'imported'")
        await session.execute("update users set closed_at = clock_timestamp() where username = 'departed'")
    seen = [
        [one.split()[0] for one in await answers(services, [name] * 7, f"203.0.113.{n}")]
        for n, name in enumerate(("imported", "departed", "nobody_here"))
    ]
    assert seen[0] == seen[1] == seen[2]


async def test_right_password_at_a_known_address_is_let_in_by_either_login(
    services: IdentityServices,
) -> None:
    await arrive(services, "ada", raw_email="ada@example.com", raw_phone=NUMBER[0], address=ELSEWHERE)
    for login in ("ada", "ada@example.com", NUMBER[0]):
        await answers(services, [login] * 7, "203.0.113.1")
        assert await sign_in(services, login, PASSWORD, address=ELSEWHERE, user_agent=None)
