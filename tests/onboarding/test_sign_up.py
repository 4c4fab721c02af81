"""Signing up: one unit of work, one bonus, balanced books, and all field errors in one response."""

import asyncio

import pytest

from pocketpay.errors import Refusal
from pocketpay.identity.errors import EmailTaken, InvalidProfile, PhoneTaken, RateLimited, UsernameTaken, WeakPassword
from pocketpay.identity.gate import Denial
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.sessions import live
from pocketpay.identity.sign_in import sign_in
from pocketpay.ledger.repository import postings
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.sign_up import SignedUp, sign_up
from tests.conftest import Dsns
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
    made,
    receiving,
)

ADA = Form("ada", "Ada Lovelace", PASSWORD, "ada@example.com", "+1 202 555 0123")


async def signed_up(
    services: IdentityServices, form: Form = ADA, address: str = HOME, **overrides: object
) -> SignedUp:
    return await sign_up(services, made(**overrides), form, address=address, user_agent="tests")


def fields(refusals: tuple[Refusal, ...]) -> list[tuple[str, str | None]]:
    return [(refusal.code, refusal.field) for refusal in refusals]


async def rows(owner: Owner) -> dict[str, int]:
    tables = ("users", "wallets", "ledger_accounts", "ledger_entries", "transactions", "sessions", "refresh_tokens")
    return {table: await owner.fetchval(f"select count(*) from {table}") for table in tables}


async def test_a_new_user_gets_a_session_a_wallet_and_an_account(services: IdentityServices, owner: Owner) -> None:
    admission = (await signed_up(services)).admission
    assert admission is not None
    user = admission.user
    assert (user.username, user.name, user.email, user.phone) == (
        "ada",
        "Ada Lovelace",
        "ada@example.com",
        "+12025550123",
    )
    assert user.role == "member"
    assert await services.gate.viewer(admission.tokens.access_token) == admission.viewer
    assert [session.id for session in await live(services, admission.viewer)] == [admission.viewer.session_id]
    wallet = await facts(owner, "select id, currency, status from wallets")
    assert wallet == (user.wallet_id, "USD", "active")
    assert (await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=None)).user == user


async def test_a_welcome_bonus_is_posted_once_from_promotions_and_the_books_sum_to_zero(
    services: IdentityServices, owner: Owner
) -> None:
    person = await arrive(services)
    account = await facts(
        owner, "select posted, held, sequence, version from ledger_accounts where id = $1", person.user.wallet_id
    )
    assert account == (10_000, 0, 1, 1)
    entries = await owner.fetch(
        "select e.amount, e.kind, e.sequence, e.balance_after, e.description, t.type, t.status, t.amount "
        "from ledger_entries e join transactions t on t.id = e.transaction_id order by e.amount desc"
    )
    assert [tuple(entry) for entry in entries] == [
        (10_000, "wallet", 1, 10_000, "Welcome bonus", "bonus", "completed", 10_000),
        (-10_000, "promotions", None, None, "Welcome bonus", "bonus", "completed", 10_000),
    ]
    await sign_in(services, "ada", PASSWORD, address=HOME, user_agent=None)
    assert await owner.fetchval("select count(*) from transactions") == 1


async def test_a_bonus_of_zero_posts_nothing(services: IdentityServices, owner: Owner) -> None:
    assert (await signed_up(services, welcome_bonus="0")).admission is not None
    assert await owner.fetchval("select posted from ledger_accounts where kind = 'wallet'") == 0
    assert (await rows(owner))["transactions"] == 0


async def test_the_bonus_and_the_wallet_are_in_the_chosen_currency(services: IdentityServices, owner: Owner) -> None:
    async with services.database.write() as session:
        await postings.ensure_house_accounts(session, ["JPY"])
    yen = Form("yuki", "Yuki", PASSWORD, currency="JPY")
    chosen = await signed_up(
        services,
        yen,
        currencies="USD,JPY",
        welcome_bonus="USD:5.00,JPY:1500",
        large_transfer_threshold="500",
    )
    assert chosen.admission is not None
    assert await facts(owner, "select posted, currency from ledger_accounts where kind = 'wallet'") == (
        1_500,
        "JPY",
    )
    assert await owner.fetchval("select sum(amount) from ledger_entries where currency = 'JPY'") == 0


async def test_all_invalid_fields_are_reported_together(services: IdentityServices, owner: Owner) -> None:
    wrong = Form("a!", "\u202e", "short", "no address", "123", "XAU")
    assert fields((await signed_up(services, wrong)).refusals) == [
        ("INVALID_INPUT", "username"),
        ("INVALID_INPUT", "name"),
        ("INVALID_INPUT", "email"),
        ("INVALID_INPUT", "phone"),
        ("WEAK_PASSWORD", "password"),
        ("INVALID_INPUT", "currency"),
    ]
    assert not any(count for table, count in (await rows(owner)).items() if table != "ledger_accounts")


async def test_taken_and_invalid_fields_are_reported_together(services: IdentityServices) -> None:
    await signed_up(services)
    await has_verified_email(services.database)
    await has_verified_phone(services.database)
    again = Form("@@", "Ada", "password1234", "ADA@EXAMPLE.COM", "+12025550123")
    refused = (await signed_up(services, again)).refusals
    assert [type(refusal) for refusal in refused] == [InvalidProfile, WeakPassword, EmailTaken, PhoneTaken]
    twin = Form("ＡＤＡ", "Another", PASSWORD)
    assert [type(refusal) for refusal in (await signed_up(services, twin)).refusals] == [UsernameTaken]


async def test_an_unverified_address_can_be_used_by_another_user(
    services: IdentityServices,
) -> None:
    forms = [
        Form(f"ada_{n}", "Ada", PASSWORD, raw_email=email, raw_phone="+12025550123")
        for n, email in enumerate(("a@example.com", "A@example.com", "A@example.com"))
    ]
    everybody = await asyncio.gather(*(signed_up(services, form) for form in forms))
    assert all(one.admission is not None for one in everybody)


async def test_one_of_two_concurrent_sign_ups_with_the_same_username_succeeds(
    services: IdentityServices, owner: Owner
) -> None:
    forms = [Form("ada", "Ada", PASSWORD, raw_email=f"a{n}@example.com") for n in range(2)]
    before = await rows(owner)
    both = await asyncio.gather(*(signed_up(services, form) for form in forms))
    assert sorted(one.admission is not None for one in both) == [False, True]
    assert [fields(one.refusals) for one in both if one.refusals] == [[("USERNAME_TAKEN", "username")]]
    after = await rows(owner)
    assert {table: after[table] - before[table] for table in after} == {
        **dict.fromkeys(("users", "wallets", "ledger_accounts", "transactions", "sessions", "refresh_tokens"), 1),
        "ledger_entries": 2,
    }


async def test_the_username_of_a_closed_user_cannot_be_used(services: IdentityServices, owner: Owner) -> None:
    await arrive(services)
    await owner.execute("update users set closed_at = clock_timestamp(), email = null, phone = null")
    assert [type(one) for one in (await signed_up(services)).refusals] == [UsernameTaken]


async def test_one_user_with_one_bonus_is_created_when_replies_are_lost(database_dsn: Dsns, owner: Owner) -> None:
    database = LosesReplies(database_dsn.server)
    async with receiving(database) as services:
        database.losses = 3
        admission = (await signed_up(services)).admission
        assert admission is not None
        assert await services.gate.viewer(admission.tokens.access_token) == admission.viewer
        assert not isinstance(await services.gate.check(admission.tokens.access_token), Denial)
    await database.close()
    assert await rows(owner) == {
        **dict.fromkeys(("users", "wallets", "transactions", "sessions", "refresh_tokens"), 1),
        "ledger_entries": 2,
        "ledger_accounts": 5,
    }


async def test_production_allows_sixty_sign_ups_an_hour_from_an_address(
    services: IdentityServices, database_dsn: Dsns, owner: Owner
) -> None:
    async with receiving(services.database, environment="production") as strict:
        wrong = Form("a!", "", "short")
        for _ in range(60):
            assert (await signed_up(strict, wrong)).refusals
        with pytest.raises(RateLimited):
            await signed_up(strict)
        assert (await signed_up(strict, address=ELSEWHERE)).admission is not None


async def test_twenty_people_may_sign_up_at_once(services: IdentityServices, owner: Owner) -> None:
    forms = [Form(f"person_{n}", "Person", PASSWORD) for n in range(20)]
    assert all(await asyncio.gather(*(signed_up(services, form) for form in forms)))
    assert await owner.fetchval("select sum(amount) from ledger_entries") == 0
    assert await owner.fetchval("select count(*) from ledger_accounts where posted = 10000 and sequence = 1") == 20
