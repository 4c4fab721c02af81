"""Verifying a phone number: it belongs to the user who verified it last, and an unverified number blocks nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pocketpay.database.sessions import Database
from pocketpay.errors import Refusal
from pocketpay.identity.changes import TypedChanges
from pocketpay.identity.errors import (
    InvalidCode,
    InvalidCredentials,
    PhoneMissing,
    RateLimited,
    TextMessagesUnavailable,
    Unauthenticated,
)
from pocketpay.identity.logins import read
from pocketpay.identity.repository import people
from pocketpay.identity.request_email_verification import request_email_verification
from pocketpay.identity.request_password_reset import request_password_reset
from pocketpay.identity.request_phone_verification import request_phone_verification
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.update_profile import update_profile
from pocketpay.identity.verify_email import verify_email
from pocketpay.identity.verify_phone import verify_phone
from pocketpay.transactions.errors import WalletFrozen
from tests.conftest import Dsns
from tests.identity.mailbox import LAPSE, last, mailbox, wrong
from tests.people import (
    ELSEWHERE,
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

PHONE, OTHER = "+12025550123", "+12025550199"
MAIL = "ada@example.com"
VERIFIED = "select phone_verified_at is not null from users where username = $1"


@pytest.fixture
async def services(database: Database) -> AsyncIterator[IdentityServices]:
    async with receiving(database, public_url="https://app.example.com") as opened:
        yield opened


async def requested(services: IdentityServices, whose: Admission, *, address: str = HOME) -> None:
    await request_phone_verification(services, whose.viewer, address=address)


async def verified(services: IdentityServices, whose: Admission, code: str) -> bool:
    changed = await verify_phone(services, whose.viewer, code)
    assert changed.user is not None
    return changed.user.phone_verified


async def changed_to(services: IdentityServices, whose: Admission, phone: str | None) -> tuple[Refusal, ...]:
    typed = TypedChanges(raw_phone=phone, current_password=PASSWORD)
    return (await update_profile(services, whose.viewer, typed, address=HOME)).refusals


async def signed_in(services: IdentityServices) -> str:
    """Returns the username of the user who signs in with the number."""
    return (await sign_in(services, PHONE, PASSWORD, address=HOME, user_agent=None)).user.username


async def test_a_code_verifies_the_number(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_phone="+1 202 555-0123")
    assert not ada.user.phone_verified
    await requested(services, ada)
    message = await last(services, owner)
    assert (message.to, message.kind, message.username, message.token) == (PHONE, "verify_phone", "ada", "")
    assert (len(message.code), message.code.isdecimal()) == (6, True)
    assert await verified(services, ada, f" {message.code[:3]}-{message.code[3:]} ")
    assert await facts(owner, VERIFIED, "ada") == (True,)
    assert (await sign_in(services, PHONE, PASSWORD, address=HOME, user_agent=None)).user.phone_verified


async def test_a_verified_number_gets_no_code_and_a_wrong_code_does_not_unverify_it(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, raw_phone=PHONE)
    await requested(services, ada)
    await verified(services, ada, (await last(services, owner)).code)
    await requested(services, ada)
    assert len(await mailbox(services, owner)) == 1
    assert await verified(services, ada, "no code")


async def test_a_code_works_only_once(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_phone=PHONE)
    await requested(services, ada)
    message = await last(services, owner)
    await verified(services, ada, message.code)
    assert await changed_to(services, ada, OTHER) == ()
    assert await changed_to(services, ada, PHONE) == ()
    with pytest.raises(InvalidCode):
        await verified(services, ada, message.code)


async def test_a_code_expires_after_ten_minutes(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_phone=PHONE)
    await requested(services, ada)
    lifetime = "select extract(epoch from expires_at - created_at) / 60 from one_time_challenges"
    assert await owner.fetchval(lifetime) == 10
    await owner.execute(LAPSE)
    with pytest.raises(InvalidCode):
        await verified(services, ada, (await last(services, owner)).code)


async def test_a_new_code_ends_the_previous_one(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_phone=PHONE)
    await requested(services, ada)
    await requested(services, ada)
    old, new = await mailbox(services, owner)
    with pytest.raises(InvalidCode):
        await verified(services, ada, old.code)
    assert await verified(services, ada, new.code)


async def test_after_five_wrong_codes_only_a_new_code_works(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_phone=PHONE)
    await requested(services, ada)
    code = (await last(services, owner)).code
    guesses = (verified(services, ada, wrong(code)) for _ in range(20))
    assert {type(one) for one in await asyncio.gather(*guesses, return_exceptions=True)} == {InvalidCode}
    assert await owner.fetchval("select tries from one_time_challenges") == 5
    with pytest.raises(InvalidCode):
        await verified(services, ada, code)
    await requested(services, ada)
    assert await verified(services, ada, (await last(services, owner)).code)


async def test_a_code_is_valid_only_for_its_user_and_number(services: IdentityServices, owner: Owner) -> None:
    ada, bea = (
        await arrive(services, raw_phone=PHONE),
        await arrive(services, "bea", raw_phone=PHONE),
    )
    await requested(services, ada)
    code = (await last(services, owner)).code
    with pytest.raises(InvalidCode):
        await verified(services, bea, code)
    await changed_to(services, ada, OTHER)
    with pytest.raises(InvalidCode):
        await verified(services, ada, code)


async def test_a_code_for_a_number_verifies_no_email_address_and_vice_versa(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, raw_phone=PHONE, raw_email=MAIL)
    await requested(services, ada)
    number = (await last(services, owner)).code
    await request_email_verification(services, ada.viewer, address=HOME)
    address = (await last(services, owner)).code
    with pytest.raises(InvalidCode):
        await verify_email(services, ada.viewer, ShownCode(number))
    with pytest.raises(InvalidCode):
        await verified(services, ada, address)
    assert await verified(services, ada, number)


# ---------------------------------------------------------------- the owner of a number


async def test_a_number_belongs_to_the_user_who_verified_it_last(services: IdentityServices, owner: Owner) -> None:
    ada, bea = (
        await arrive(services, raw_phone=PHONE),
        await arrive(services, "bea", raw_phone=PHONE),
    )
    for one in (ada, bea):
        await requested(services, one)
    first, second = await mailbox(services, owner)
    await verified(services, ada, first.code)
    assert await signed_in(services) == "ada"
    await verified(services, bea, second.code)
    assert (await facts(owner, VERIFIED, "ada"), await facts(owner, VERIFIED, "bea")) == ((False,), (True,))
    assert await signed_in(services) == "bea"


async def test_one_of_many_users_who_verify_one_number_at_once_keeps_it(
    services: IdentityServices, owner: Owner
) -> None:
    everybody = [await arrive(services, f"ada_{n}", raw_phone=PHONE) for n in range(5)]
    for n, one in enumerate(everybody):
        await requested(services, one, address=f"192.0.2.{n + 1}")
    codes = {message.username: message.code for message in await mailbox(services, owner)}
    await asyncio.gather(*(verified(services, one, codes[one.user.username]) for one in everybody))
    assert await owner.fetchval("select count(*) from users where phone_verified_at is not null") == 1


async def test_two_users_who_exchange_an_address_and_a_number_at_once_both_succeed(
    services: IdentityServices, owner: Owner
) -> None:
    """Each update changes a row that the other one locks. There are many rounds, because they rarely coincide."""
    for n in range(8):
        ada = await arrive(services, f"ada_{n}", raw_phone=f"+120255501{n:02}", raw_email=f"a{n}@example.com")
        bea = await arrive(services, f"bea_{n}", raw_phone=f"+120255501{n:02}", raw_email=f"a{n}@example.com")
        await requested(services, ada, address=f"192.0.2.{n}")
        code = (await last(services, owner)).code
        await request_email_verification(services, bea.viewer, address=f"192.0.2.{n}")
        mailed = ShownCode((await last(services, owner)).code)
        await has_verified_email(services.database, f"ada_{n}")
        await has_verified_phone(services.database, f"bea_{n}")
        await asyncio.gather(verified(services, ada, code), verify_email(services, bea.viewer, mailed))
        whose = "select string_agg(username, ' ') from users where {} = $1 and {}_verified_at is not null"
        assert await owner.fetchval(whose.format("phone", "phone"), ada.user.phone) == f"ada_{n}"
        assert await owner.fetchval(whose.format("email", "email"), ada.user.email) == f"bea_{n}"


async def test_an_unverified_number_signs_in_the_user_who_gave_it_first(
    services: IdentityServices,
) -> None:
    eve = await arrive(services, "eve")
    await arrive(services, raw_phone=PHONE)
    assert await changed_to(services, eve, PHONE) == ()
    assert await signed_in(services) == "ada", "eve's account is older, but she gave the number later"


async def test_an_unverified_user_loses_the_number_when_its_owner_verifies_it(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services, "eve", raw_phone=PHONE)
    ada = await arrive(services, raw_phone=PHONE)
    await owner.execute("update users set password_hash = 'none' where username = 'eve'")
    with pytest.raises(InvalidCredentials):
        await signed_in(services)
    await requested(services, ada)
    await verified(services, ada, (await last(services, owner)).code)
    assert await signed_in(services) == "ada"


async def test_a_password_reset_by_number_sends_mail_to_the_user_who_verified_it(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services, "eve", raw_phone=PHONE, raw_email="eve@example.com")
    await arrive(services, raw_phone=PHONE, raw_email=MAIL)
    for username in ("eve", "ada"):
        await has_verified_email(services.database, username)
    await has_verified_phone(services.database)
    await request_password_reset(services, PHONE, address=HOME)
    await services.afterwards.finish()
    assert [mail.to for mail in await mailbox(services, owner)] == [MAIL]


async def test_a_verified_number_is_taken_and_an_unverified_one_is_not(
    services: IdentityServices, owner: Owner
) -> None:
    ada, bea = await arrive(services, raw_phone=PHONE), await arrive(services, "bea")
    assert await changed_to(services, bea, PHONE) == ()
    assert await changed_to(services, bea, None) == ()
    await requested(services, ada)
    await verified(services, ada, (await last(services, owner)).code)
    assert [one.code for one in await changed_to(services, bea, "+1 (202) 555-0123")] == ["PHONE_TAKEN"]


async def test_an_unverified_number_does_not_hide_other_users_from_operators(
    services: IdentityServices, database: Database
) -> None:
    for n in range(3):
        await arrive(services, f"a_{n}", raw_phone=PHONE)
    await arrive(services, "zoe", raw_phone=PHONE)
    await has_verified_phone(database, "zoe")
    async with database.read() as session:
        found = await people.matching(session, username=None, email=None, phone=PHONE, wallet_ids=[], limit=2)
    assert [one.username for one in found] == ["zoe", "a_0"]


async def test_a_server_of_the_previous_revision_that_changes_the_number_unverifies_it(
    services: IdentityServices, database: Database, owner: Owner
) -> None:
    """That server's statements do not contain the column."""
    await arrive(services, raw_phone=PHONE)
    await has_verified_phone(database)
    await owner.execute("update users set phone = phone, name = 'Ada L.'")
    assert await facts(owner, VERIFIED, "ada") == (True,)
    await owner.execute("update users set phone = $1", OTHER)
    assert await facts(owner, VERIFIED, "ada") == (False,)


@pytest.mark.parametrize("phone", [OTHER, None])
async def test_the_old_verified_number_gets_a_message_when_it_is_replaced(
    services: IdentityServices, database: Database, owner: Owner, phone: str | None
) -> None:
    ada = await arrive(services, raw_phone=OTHER)
    await changed_to(services, ada, PHONE)
    assert await mailbox(services, owner) == [], "no user has verified it"
    await has_verified_phone(database)
    await changed_to(services, ada, PHONE)
    assert await mailbox(services, owner) == [], "the number has not changed"
    await changed_to(services, ada, phone)
    (told,) = await mailbox(services, owner)
    assert (told.to, told.kind, told.username) == (PHONE, "phone_changed", "ada")


async def test_a_verification_succeeds_when_the_databases_reply_is_lost(database_dsn: Dsns, owner: Owner) -> None:
    losing = await LosesReplies.open(database_dsn.server)
    async with receiving(losing) as services:
        ada = await arrive(services, raw_phone=PHONE)
        losing.losses = 1
        await requested(services, ada)
        (message,) = await mailbox(services, owner)
        losing.losses = 1
        assert await verified(services, ada, message.code)
    await losing.close()


# ---------------------------------------------------------------- rate limits and refusals


async def test_the_limit_of_five_phone_codes_an_hour_does_not_include_mail_codes(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, raw_phone=PHONE, raw_email=MAIL)
    for _ in range(5):
        await requested(services, ada)
    with pytest.raises(RateLimited):
        await requested(services, ada)
    await request_email_verification(services, ada.viewer, address=HOME)
    assert len(await mailbox(services, owner)) == 6


async def test_many_accounts_of_one_client_send_few_messages_and_do_not_block_the_owner(
    services: IdentityServices, owner: Owner
) -> None:
    for number in range(8):
        eve = await arrive(services, f"eve_{number}", raw_phone=PHONE)
        for _ in range(2):
            try:
                await requested(services, eve, address=ELSEWHERE)
            except RateLimited:
                continue
    assert len(await mailbox(services, owner)) <= 5
    ada = await arrive(services, raw_phone=PHONE)
    await requested(services, ada)
    assert (await last(services, owner)).username == "ada"


async def test_a_user_without_a_number_gets_no_code(services: IdentityServices) -> None:
    ada = await arrive(services)
    with pytest.raises(PhoneMissing):
        await requested(services, ada)
    with pytest.raises(InvalidCode):
        await verified(services, ada, "123456")


async def test_production_refuses_to_send_text_messages(database: Database, owner: Owner) -> None:
    smtp = {"smtp_host": "127.0.0.1", "mail_from": "a@example.com", "public_url": "https://app.example.com"}
    async with receiving(database, environment="production", secret_key="x" * 32, **smtp) as services:
        ada = await arrive(services, raw_phone=PHONE)
        with pytest.raises(TextMessagesUnavailable):
            await requested(services, ada)
        await has_verified_phone(database)
        assert await changed_to(services, ada, OTHER) == ()
    assert await owner.fetchval("select count(*) from one_time_challenges") == 0
    assert await owner.fetchval("select count(*) from outgoing_mails") == 0


async def test_a_closed_user_cannot_verify_anything(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_phone=PHONE)
    await owner.execute("update users set closed_at = now(), phone = null")
    with pytest.raises(Unauthenticated):
        await requested(services, ada)
    with pytest.raises(Unauthenticated):
        await verified(services, ada, "123456")


async def test_the_owner_of_a_fully_frozen_wallet_cannot_verify_anything(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, raw_phone=PHONE)
    await requested(services, ada)
    code = (await last(services, owner)).code
    await owner.execute("update wallets set status = 'frozen', frozen_for = 'all', freeze_reason = 'stolen'")
    with pytest.raises(WalletFrozen):
        await requested(services, ada)
    with pytest.raises(WalletFrozen):
        await verified(services, ada, code)


async def test_a_number_is_found_by_its_index_among_many_users(services: IdentityServices, owner: Owner) -> None:
    await arrive(services, raw_phone=PHONE)
    await owner.execute("set session_replication_role = replica")  # allows users without wallets
    await owner.execute(
        "insert into users (id, username, name, password_hash, phone, role, wallet_id, created_at, updated_at) "
        "select gen_random_uuid(), 'user_' || n, 'user', 'x', '+1202556' || n, 'member', gen_random_uuid(), now(), "
        "now() from generate_series(1000, 4000) n"
    )
    await owner.execute("analyze users")
    plan = await owner.fetch(f"explain {people._BY_PHONE.replace('$1', repr(PHONE))}")
    assert "ix_users_phone" in str(plan)
    assert read(PHONE).phone == PHONE
