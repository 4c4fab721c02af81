"""Verifying an email address: it belongs to the user who verified it last, and an unverified address blocks
nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pocketpay.database.sessions import Database
from pocketpay.errors import Refusal
from pocketpay.identity.changes import TypedChanges
from pocketpay.identity.errors import (
    EmailMissing,
    InvalidCode,
    InvalidCredentials,
    InvalidProfile,
    MailUnavailable,
    RateLimited,
    Unauthenticated,
)
from pocketpay.identity.request_email_verification import request_email_verification
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.shown_code import ShownCode, read
from pocketpay.identity.sign_in import sign_in
from pocketpay.identity.update_profile import update_profile
from pocketpay.identity.verify_email import verify_email
from pocketpay.transactions.errors import WalletFrozen
from tests.conftest import Dsns
from tests.identity.mailbox import LAPSE, last, mailbox, wrong
from tests.people import ELSEWHERE, HOME, PASSWORD, LosesReplies, Owner, arrive, facts, receiving

MAIL = "ada@example.com"
VERIFIED = "select email_verified_at is not null from users where username = $1"


@pytest.fixture
async def services(database: Database) -> AsyncIterator[IdentityServices]:
    async with receiving(database, public_url="https://app.example.com") as opened:
        yield opened


async def requested(services: IdentityServices, whose: Admission, *, address: str = HOME) -> None:
    await request_email_verification(services, whose.viewer, address=address)


async def verified(services: IdentityServices, whose: Admission, **shown: str) -> bool:
    changed = await verify_email(services, whose.viewer, ShownCode(**shown))
    assert changed.user is not None
    return changed.user.email_verified


async def changed_to(services: IdentityServices, whose: Admission, email: str | None) -> tuple[Refusal, ...]:
    typed = TypedChanges(raw_email=email, current_password=PASSWORD)
    return (await update_profile(services, whose.viewer, typed, address=HOME)).refusals


@pytest.mark.parametrize("way", ["code", "token"])
async def test_the_code_or_the_link_verifies_the_address(services: IdentityServices, owner: Owner, way: str) -> None:
    ada = await arrive(services, raw_email=MAIL)
    assert not ada.user.email_verified
    await requested(services, ada)
    mail = await last(services, owner)
    assert (mail.to, mail.username) == (MAIL, "ada")
    assert await verified(services, ada, **{way: getattr(mail, way)})
    assert await facts(owner, VERIFIED, "ada") == (True,)
    assert (await sign_in(services, MAIL, PASSWORD, address=HOME, user_agent=None)).user.email_verified


async def test_a_verified_address_gets_no_code_and_a_wrong_code_does_not_unverify_it(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    mail = await last(services, owner)
    await verified(services, ada, code=mail.code)
    await requested(services, ada)
    assert len(await mailbox(services, owner)) == 1
    assert await verified(services, ada, code=mail.code)


async def test_a_code_works_only_once(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    mail = await last(services, owner)
    await verified(services, ada, code=mail.code)
    assert await changed_to(services, ada, "other@example.com") == ()
    assert await changed_to(services, ada, MAIL) == ()
    assert await facts(owner, VERIFIED, "ada") == (False,)
    for shown in ({"code": mail.code}, {"token": mail.token}):
        with pytest.raises(InvalidCode):
            await verified(services, ada, **shown)


async def test_a_code_and_a_link_expire(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    minutes = await owner.fetchval("select extract(epoch from expires_at - created_at) / 60 from one_time_challenges")
    assert minutes == 15
    await owner.execute(LAPSE)
    mail = await last(services, owner)
    for shown in ({"code": mail.code}, {"token": mail.token}):
        with pytest.raises(InvalidCode):
            await verified(services, ada, **shown)


async def test_a_new_code_ends_the_previous_one(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    await requested(services, ada)
    old, new = await mailbox(services, owner)
    for shown in ({"code": old.code}, {"token": old.token}):
        with pytest.raises(InvalidCode):
            await verified(services, ada, **shown)
    assert await verified(services, ada, code=new.code)


async def test_after_five_wrong_codes_only_the_link_works(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    mail = await last(services, owner)
    for _ in range(5):
        with pytest.raises(InvalidCode):
            await verified(services, ada, code=wrong(mail.code))
    with pytest.raises(InvalidCode):
        await verified(services, ada, code=mail.code)
    assert await verified(services, ada, token=mail.token)


async def test_only_five_of_a_hundred_concurrent_guesses_are_checked(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    code = (await last(services, owner)).code
    guesses = (verified(services, ada, code=wrong(code)) for _ in range(40))
    assert {type(one) for one in await asyncio.gather(*guesses, return_exceptions=True)} == {InvalidCode}
    assert await owner.fetchval("select tries from one_time_challenges") == 5


async def test_a_code_is_valid_only_for_its_user(services: IdentityServices, owner: Owner) -> None:
    ada, bea = await arrive(services, raw_email=MAIL), await arrive(services, "bea", raw_email=MAIL)
    await requested(services, ada)
    mail = await last(services, owner)
    for shown in ({"code": mail.code}, {"token": mail.token}):
        with pytest.raises(InvalidCode):
            await verified(services, bea, **shown)


async def test_a_code_is_valid_only_for_the_address_it_was_sent_to(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email="mine@example.com")
    await requested(services, ada)
    mail = await last(services, owner)
    await changed_to(services, ada, MAIL)
    for shown in ({"code": mail.code}, {"token": mail.token}):
        with pytest.raises(InvalidCode):
            await verified(services, ada, **shown)
    assert await facts(owner, VERIFIED, "ada") == (False,)


async def test_an_address_belongs_to_the_user_who_verified_it_last(services: IdentityServices, owner: Owner) -> None:
    ada, bea = (
        await arrive(services, raw_email=MAIL),
        await arrive(services, "bea", raw_email=MAIL.upper()),
    )
    for one in (ada, bea):
        await requested(services, one)
    first, second = await mailbox(services, owner)
    await verified(services, ada, code=first.code)
    await verified(services, bea, code=second.code)
    assert await facts(owner, VERIFIED, "ada") == (False,)
    assert await facts(owner, VERIFIED, "bea") == (True,)
    assert (await sign_in(services, MAIL, PASSWORD, address=HOME, user_agent=None)).user.username == "bea"


async def test_one_of_many_users_who_verify_one_address_at_once_keeps_it(
    services: IdentityServices, owner: Owner
) -> None:
    people = [await arrive(services, f"ada_{n}", raw_email=MAIL) for n in range(5)]
    for one in people:
        await requested(services, one, address=f"192.0.2.{people.index(one) + 1}")
    mails = {mail.username: mail for mail in await mailbox(services, owner)}
    await asyncio.gather(*(verified(services, one, code=mails[one.user.username].code) for one in people))
    assert await owner.fetchval("select count(*) from users where email_verified_at is not null") == 1


async def test_an_unverified_address_signs_in_the_user_who_gave_it_first(
    services: IdentityServices,
) -> None:
    await arrive(services, raw_email=MAIL)
    await arrive(services, "eve", raw_email=MAIL)
    assert (await sign_in(services, MAIL, PASSWORD, address=HOME, user_agent=None)).user.username == "ada"


async def test_an_older_account_that_gives_an_address_later_does_not_sign_in_with_it(
    services: IdentityServices,
) -> None:
    eve = await arrive(services, "eve")
    await arrive(services, raw_email=MAIL)
    assert await changed_to(services, eve, MAIL) == ()
    assert (await sign_in(services, MAIL, PASSWORD, address=HOME, user_agent=None)).user.username == "ada"


async def test_a_verified_address_is_taken_and_an_unverified_one_is_not(
    services: IdentityServices, owner: Owner
) -> None:
    ada, bea = await arrive(services, raw_email=MAIL), await arrive(services, "bea")
    assert await changed_to(services, bea, MAIL) == ()
    assert await changed_to(services, bea, None) == ()
    await requested(services, ada)
    await verified(services, ada, code=(await last(services, owner)).code)
    assert [one.code for one in await changed_to(services, bea, MAIL.title())] == ["EMAIL_TAKEN"]


async def test_an_address_in_another_case_stays_verified_and_a_new_address_is_not(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    await verified(services, ada, code=(await last(services, owner)).code)
    await changed_to(services, ada, "ADA@example.com")
    assert await facts(owner, VERIFIED, "ada") == (True,)
    await changed_to(services, ada, "other@example.com")
    assert await facts(owner, VERIFIED, "ada") == (False,)


async def test_a_server_of_the_previous_revision_that_changes_the_address_unverifies_it(
    services: IdentityServices, owner: Owner
) -> None:
    """That server's statements do not contain the column."""
    await arrive(services, raw_email=MAIL)
    await owner.execute("update users set email_verified_at = now()")
    await owner.execute("update users set email = 'eve@example.com'")
    assert await facts(owner, VERIFIED, "ada") == (False,)


@pytest.mark.parametrize("email", ["new@example.com", None])
async def test_the_old_verified_address_gets_a_mail_when_it_is_replaced(
    services: IdentityServices, owner: Owner, email: str | None
) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await changed_to(services, ada, "first@example.com")
    assert await mailbox(services, owner) == [], "no user has verified it"
    await owner.execute("update users set email_verified_at = now()")
    await changed_to(services, ada, email)
    (told,) = await mailbox(services, owner)
    assert (told.to, told.kind, told.username) == ("first@example.com", "email_changed", "ada")


async def test_a_change_of_address_sends_one_mail_when_the_databases_reply_is_lost(
    database_dsn: Dsns, owner: Owner
) -> None:
    losing = await LosesReplies.open(database_dsn.server)
    async with receiving(losing) as services:
        ada = await arrive(services, raw_email=MAIL)
        await owner.execute("update users set email_verified_at = now()")
        losing.losses = 2
        assert await changed_to(services, ada, "new@example.com") == ()
        assert [mail.kind for mail in await mailbox(services, owner)] == ["email_changed"]
    await losing.close()


async def test_a_verification_succeeds_when_the_databases_reply_is_lost(database_dsn: Dsns, owner: Owner) -> None:
    losing = await LosesReplies.open(database_dsn.server)
    async with receiving(losing) as services:
        ada = await arrive(services, raw_email=MAIL)
        losing.losses = 1
        await requested(services, ada)
        (mail,) = await mailbox(services, owner)
        losing.losses = 1
        assert await verified(services, ada, code=mail.code)
    await losing.close()


# ---------------------------------------------------------------- rate limits and refusals


async def test_a_user_gets_at_most_five_codes_an_hour(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL)
    for _ in range(5):
        await requested(services, ada)
    with pytest.raises(RateLimited):
        await requested(services, ada)
    assert len(await mailbox(services, owner)) == 5


async def test_many_accounts_of_one_client_send_few_mails_and_do_not_block_the_owner(
    services: IdentityServices, owner: Owner
) -> None:
    for number in range(8):
        eve = await arrive(services, f"eve_{number}", raw_email=MAIL)
        for _ in range(2):
            try:
                await requested(services, eve, address=ELSEWHERE)
            except RateLimited:
                continue
    assert len(await mailbox(services, owner)) <= 5
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    assert (await last(services, owner)).username == "ada"


async def test_a_user_without_an_email_address_gets_no_code(services: IdentityServices) -> None:
    ada = await arrive(services)
    with pytest.raises(EmailMissing):
        await requested(services, ada)
    with pytest.raises(InvalidCode):
        await verified(services, ada, code="12345678")


async def test_a_server_without_mail_refuses_to_send_a_code(database: Database, owner: Owner) -> None:
    async with receiving(database, environment="production", secret_key="x" * 32) as services:
        ada = await arrive(services, raw_email=MAIL)
        with pytest.raises(MailUnavailable):
            await requested(services, ada)
    assert await owner.fetchval("select count(*) from one_time_challenges") == 0


async def test_a_closed_user_cannot_verify_anything(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await owner.execute("update users set closed_at = now(), email = null")
    with pytest.raises(Unauthenticated):
        await requested(services, ada)
    with pytest.raises(Unauthenticated):
        await verified(services, ada, code="12345678")


async def test_the_owner_of_a_fully_frozen_wallet_cannot_verify_anything(
    services: IdentityServices, owner: Owner
) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    mail = await last(services, owner)
    await owner.execute("update wallets set status = 'frozen', frozen_for = 'all', freeze_reason = 'stolen'")
    with pytest.raises(WalletFrozen):
        await requested(services, ada)
    with pytest.raises(WalletFrozen):
        await verified(services, ada, code=mail.code)


@pytest.mark.parametrize(("code", "token"), [(None, None), ("12345678", "x" * 64)])
def test_exactly_one_of_code_and_token_must_be_given(code: str | None, token: str | None) -> None:
    with pytest.raises(InvalidProfile):
        read(code, token)


@pytest.mark.parametrize("token", ["", "x" * 64, "A" * 64, "\ud800" * 64, "x" * 1_000_000])
async def test_an_invalid_token_is_refused(services: IdentityServices, token: str) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    with pytest.raises(InvalidCode):
        await verified(services, ada, token=token)


async def test_expired_challenges_are_deleted(services: IdentityServices, owner: Owner) -> None:
    ada = await arrive(services, raw_email=MAIL)
    await requested(services, ada)
    await services.sweep()
    assert await owner.fetchval("select count(*) from one_time_challenges") == 1
    await owner.execute(LAPSE)
    await services.sweep()
    assert await owner.fetchval("select count(*) from one_time_challenges") == 0


async def test_an_unverified_user_loses_the_address_when_its_owner_verifies_it(
    services: IdentityServices, owner: Owner
) -> None:
    await arrive(services, "eve", raw_email=MAIL)
    ada = await arrive(services, raw_email=MAIL)
    await owner.execute("update users set password_hash = 'none' where username = 'eve'")
    with pytest.raises(InvalidCredentials):
        await sign_in(services, MAIL, PASSWORD, address=HOME, user_agent=None)
    await requested(services, ada)
    await verified(services, ada, code=(await last(services, owner)).code)
    assert (await sign_in(services, MAIL, PASSWORD, address=HOME, user_agent=None)).user.username == "ada"
