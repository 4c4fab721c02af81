"""Logins: all spellings of one login have the same key, and the key depends on the text only."""

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
def test_an_impossible_login_is_read_as_no_login(typed: str) -> None:
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
def test_a_text_is_read_as_one_kind_of_login(
    typed: str, username: str | None, email: str | None, phone: str | None
) -> None:
    login = logins.read(typed)
    assert (login.username, login.email, login.phone) == (username, email, phone)


def test_an_address_with_a_character_that_postgresql_cannot_store_finds_nobody() -> None:
    """An earlier version removed the character, so such a spelling had counters of its own."""
    assert logins.read("ada@exa\0mple.com").key != logins.read("ada@example.com").key
    assert logins.read("ada@exa\0mple.com").email is None


@given(st.text(max_size=400))
def test_any_text_is_read_and_its_stored_form_has_the_same_key(typed: str) -> None:
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
async def test_all_spellings_of_one_login_share_a_counter_whether_it_exists_or_not(
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


async def test_a_phone_number_in_any_spelling_signs_in_its_owner(services: IdentityServices) -> None:
    await arrive(services, "ada", raw_phone=NUMBER[0])
    await arrive(services, "bea", raw_phone="+12025550199")
    for typed in NUMBER:
        signed_in = await sign_in(services, typed, PASSWORD, address=HOME, user_agent=None)
        assert signed_in.user.username == "ada"
    with pytest.raises(InvalidCredentials):
        await sign_in(services, "2025550123", PASSWORD, address=HOME, user_agent=None)


async def test_counters_do_not_show_that_a_username_and_an_email_belong_together(
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


async def test_users_without_a_password_or_with_a_closed_wallet_count_like_unknown_logins(
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


async def test_the_right_password_at_a_known_address_signs_in_with_every_login(
    services: IdentityServices,
) -> None:
    await arrive(services, "ada", raw_email="ada@example.com", raw_phone=NUMBER[0], address=ELSEWHERE)
    for login in ("ada", "ada@example.com", NUMBER[0]):
        await answers(services, [login] * 7, "203.0.113.1")
        assert await sign_in(services, login, PASSWORD, address=ELSEWHERE, user_agent=None)
