"""Updating a profile: all changes or none, and the email address and phone number only with the password."""

import asyncio

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.identity.changes import UNCHANGED, TypedChanges
from pocketpay.identity.errors import RateLimited, Unauthenticated
from pocketpay.identity.passwords import Verdict
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.update_profile import update_profile
from pocketpay.identity.user import Changed
from tests.conftest import Dsns
from tests.people import (
    HOME,
    PASSWORD,
    LosesReplies,
    Owner,
    arrive,
    facts,
    has_verified_email,
    has_verified_phone,
    receiving,
)

WRONG = "another one altogether"
MAIL, PHONE = "ada@example.com", "+12025550123"
PICTURE = "https://pictures.example.com/ada.png"
ROW = "select name, email, phone, avatar_url from users where username = $1"


async def updated(services: IdentityServices, whose: Admission, **wished: object) -> Changed:
    typed = TypedChanges(**wished)  # type: ignore[arg-type]  # the tests pass its fields
    return await update_profile(services, whose.viewer, typed, address=HOME)


async def test_given_fields_change_and_the_others_stay(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL)
    answer = await updated(services, ada, raw_name="  Ada L. ", raw_avatar_url=PICTURE)
    assert answer.user is not None
    assert (answer.user.name, answer.user.email, answer.user.avatar_url) == ("Ada L.", MAIL, PICTURE)
    changed = await updated(
        services, ada, raw_email="New@Example.com", raw_phone="+1 202 555 0123", current_password=PASSWORD
    )
    assert changed.user is not None
    assert await facts(owner, ROW, "ada") == ("Ada L.", "New@example.com", PHONE, PICTURE)
    signed_in = await sign_in(services, "new@example.com", PASSWORD, address=HOME, user_agent=None)
    assert signed_in.user == changed.user


async def test_null_clears_every_field_except_the_name(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL, raw_phone=PHONE)
    await updated(services, ada, raw_avatar_url=PICTURE)
    cleared = {"raw_email": None, "raw_phone": None, "raw_avatar_url": None}
    assert (await updated(services, ada, **cleared, current_password=PASSWORD)).refusals == ()
    assert await facts(owner, ROW, "ada") == ("Ada", None, None, None)


async def test_an_update_without_fields_changes_nothing_and_returns_the_user(services: IdentityServices) -> None:
    ada = await arrive(services, raw_email=MAIL)
    assert await updated(services, ada) == Changed(ada.user)


async def test_a_user_may_give_their_own_address_in_another_case(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL, raw_phone=PHONE)
    answer = await updated(services, ada, raw_email=MAIL.upper(), raw_phone=PHONE, current_password=PASSWORD)
    assert answer.refusals == ()
    assert await facts(owner, ROW, "ada") == ("Ada", "ADA@example.com", PHONE, None)


@pytest.mark.parametrize(
    ("wished", "refused"),
    [
        ({"raw_name": None}, [("INVALID_INPUT", "name")]),
        ({"raw_name": " "}, [("INVALID_INPUT", "name")]),
        ({"raw_name": "x" * 101}, [("INVALID_INPUT", "name")]),
        ({"raw_name": "Ada\u202e"}, [("INVALID_INPUT", "name")]),
        ({"raw_avatar_url": "http://example.com/me.png"}, [("INVALID_INPUT", "avatarUrl")]),
        ({"raw_avatar_url": ""}, [("INVALID_INPUT", "avatarUrl")]),
        ({"raw_email": "", "current_password": PASSWORD}, [("INVALID_INPUT", "email")]),
        ({"raw_email": "no address", "current_password": PASSWORD}, [("INVALID_INPUT", "email")]),
        ({"raw_phone": "202 555", "current_password": PASSWORD}, [("INVALID_INPUT", "phone")]),
        ({"raw_email": MAIL}, [("INVALID_CREDENTIALS", "currentPassword")]),
        ({"raw_phone": PHONE}, [("INVALID_CREDENTIALS", "currentPassword")]),
        ({"raw_email": None}, [("INVALID_CREDENTIALS", "currentPassword")]),
        ({"raw_email": MAIL, "current_password": WRONG}, [("INVALID_CREDENTIALS", "currentPassword")]),
        ({"raw_phone": None, "current_password": WRONG}, [("INVALID_CREDENTIALS", "currentPassword")]),
        ({"raw_email": "BEA@Example.com", "current_password": PASSWORD}, [("EMAIL_TAKEN", "email")]),
        ({"raw_phone": "+1 (202) 555-0199", "current_password": PASSWORD}, [("PHONE_TAKEN", "phone")]),
        (
            {"raw_email": "bea@example.com", "raw_phone": "+12025550199", "current_password": PASSWORD},
            [("EMAIL_TAKEN", "email"), ("PHONE_TAKEN", "phone")],
        ),
        # Without the password the response does not show that the address is taken.
        ({"raw_email": "bea@example.com", "current_password": WRONG}, [("INVALID_CREDENTIALS", "currentPassword")]),
        (
            {"raw_name": "", "raw_email": "@", "raw_phone": "1", "raw_avatar_url": "x", "current_password": WRONG},
            [
                ("INVALID_INPUT", "name"),
                ("INVALID_INPUT", "email"),
                ("INVALID_INPUT", "phone"),
                ("INVALID_INPUT", "avatarUrl"),
                ("INVALID_CREDENTIALS", "currentPassword"),
            ],
        ),
        (
            {"raw_name": "", "raw_email": "bea@example.com", "current_password": PASSWORD},
            [("INVALID_INPUT", "name"), ("EMAIL_TAKEN", "email")],
        ),
    ],
)
async def test_refusals_name_their_field_and_change_nothing(
    services: IdentityServices, owner: Owner, wished: dict[str, str | None], refused: list[tuple[str, str]]
) -> None:
    ada = await arrive(services)
    await arrive(services, "bea", raw_email="bea@example.com", raw_phone="+12025550199")
    await has_verified_email(services.database, "bea")
    await has_verified_phone(services.database, "bea")
    before = await facts(owner, ROW, "ada")
    fit = {"raw_name": "Another", "raw_avatar_url": PICTURE}
    answer = await updated(services, ada, **(fit | wished))
    assert answer.user is None
    assert [(one.code, one.field) for one in answer.refusals] == refused
    assert await facts(owner, ROW, "ada") == before


async def test_a_wrong_password_is_ignored_where_none_is_needed(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    for _ in range(8):
        assert (await updated(services, ada, raw_name="Ada L.", current_password=WRONG)).user is not None
    assert await owner.fetchval("select count(*) from throttles where bucket like 'failures%'") == 0


async def test_the_sixth_wrong_password_is_rate_limited_and_sign_in_is_not(services: IdentityServices) -> None:
    ada = await arrive(services)
    for _ in range(5):
        assert (await updated(services, ada, raw_email=MAIL, current_password=WRONG)).refusals
    with pytest.raises(RateLimited):
        await updated(services, ada, raw_email=MAIL, current_password=PASSWORD)
    await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=None)


async def test_a_missing_password_does_not_count_as_a_guess(services: IdentityServices) -> None:
    ada = await arrive(services)
    for _ in range(8):
        assert (await updated(services, ada, raw_email=MAIL)).refusals
    assert (await updated(services, ada, raw_email=MAIL, current_password=PASSWORD)).user is not None


async def test_probing_for_taken_addresses_is_rate_limited(
    services: IdentityServices,
) -> None:
    ada = await arrive(services)
    await arrive(services, "bea", raw_email="bea@example.com")
    await has_verified_email(services.database, "bea")
    for _ in range(5):
        answer = await updated(services, ada, raw_email="bea@example.com", current_password=PASSWORD)
        assert [one.code for one in answer.refusals] == ["EMAIL_TAKEN"]
    with pytest.raises(RateLimited):
        await updated(services, ada, raw_email="bea@example.com", current_password=PASSWORD)


async def test_several_users_may_have_the_same_unverified_number(services: IdentityServices, owner: Owner) -> None:
    people = [await arrive(services, name) for name in ("ada", "bea", "cleo")]
    await asyncio.gather(*(updated(services, one, raw_phone=PHONE, current_password=PASSWORD) for one in people))
    assert await owner.fetchval("select count(*) from users where phone = $1", PHONE) == 3


async def test_several_users_may_have_the_same_unverified_address(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services)
    await asyncio.gather(
        updated(services, ada, raw_email="new@example.com", current_password=PASSWORD),
        arrive(services, "bea", raw_email="New@example.com"),
    )
    assert await owner.fetchval("select count(*) from users where lower(email) = 'new@example.com'") == 2


async def test_a_password_that_was_changed_concurrently_is_wrong(
    services: IdentityServices, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await arrive(services)
    verify, new, once = (
        services.passwords.verify,
        await services.passwords.hash("amber-lighthouse-42"),
        [True],
    )

    async def and_then_it_is_changed(kept: str | None, password: str) -> Verdict:
        verdict = await verify(kept, password)
        if once:
            once.clear()
            await owner.execute("update users set password_hash = $1", new)
        return verdict

    monkeypatch.setattr(type(services.passwords), "verify", lambda _, *given: and_then_it_is_changed(*given))
    answer = await updated(services, ada, raw_email=MAIL, current_password=PASSWORD)
    assert [(one.code, one.field) for one in answer.refusals] == [("INVALID_CREDENTIALS", "currentPassword")]
    assert await facts(owner, ROW, "ada") == ("Ada", None, None, None)


async def test_a_password_hash_that_changes_at_every_try_is_answered_as_busy(
    services: IdentityServices, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await arrive(services)
    verify = services.passwords.verify

    async def and_then_it_is_renewed(kept: str | None, password: str) -> Verdict:
        verdict = await verify(kept, password)
        await owner.execute("update users set password_hash = $1", await services.passwords.hash(PASSWORD))
        return verdict

    monkeypatch.setattr(type(services.passwords), "verify", lambda _, *given: and_then_it_is_renewed(*given))
    with pytest.raises(ServiceBusy):
        await updated(services, ada, raw_email=MAIL, current_password=PASSWORD)


@pytest.mark.parametrize("wished", [{"raw_name": "Ada L."}, {"raw_email": MAIL, "current_password": PASSWORD}])
async def test_a_user_whose_wallet_was_closed_meanwhile_changes_nothing(
    services: IdentityServices, owner: Owner, wished: dict[str, str | None]
) -> None:
    ada = await arrive(services)
    await owner.execute("update users set closed_at = clock_timestamp()")
    with pytest.raises(Unauthenticated):
        await updated(services, ada, **wished)
    assert await facts(owner, ROW, "ada") == ("Ada", None, None, None)


async def test_a_profile_is_changed_once_when_replies_are_lost(database_dsn: Dsns, owner: Owner) -> None:
    database = LosesReplies(database_dsn.server)
    async with receiving(database) as services:
        ada = await arrive(services)
        database.losses = 1
        answer = await updated(services, ada, raw_name="Ada L.")
        assert answer.user is not None
    await database.close()
    assert await facts(owner, ROW, "ada") == ("Ada L.", None, None, None)


def test_only_email_and_phone_need_the_password() -> None:
    assert TypedChanges() == TypedChanges(UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED)
    assert not TypedChanges(raw_name="Ada", raw_avatar_url=None).needs_password
    assert TypedChanges(raw_email=None).needs_password
    assert TypedChanges(raw_phone=PHONE).needs_password
