"""The welcome bonus: in development every user gets it; in production it is paid once per verified email address."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import uuid4

import pytest

from pocketpay.database.sessions import Database
from pocketpay.identity.changes import UNCHANGED, TypedChanges
from pocketpay.identity.fingerprints import EmailFingerprints
from pocketpay.identity.request_email_verification import request_email_verification
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.shown_code import ShownCode
from pocketpay.identity.update_profile import update_profile
from pocketpay.identity.verify_email import verify_email as verify_only
from pocketpay.onboarding import welcome, welcome_bonus
from pocketpay.onboarding.close_wallet import close_wallet
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.lock_out import require_unlocked
from pocketpay.onboarding.sign_up import sign_up
from pocketpay.onboarding.verify_email import verify_email
from pocketpay.operations.verify_customer_email import verify_customer_email
from pocketpay.operator_log.act import Operator
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.withdraw import withdraw
from pocketpay.settings import SecretKeys, Settings
from tests.clients import Person, serving
from tests.conftest import Dsns
from tests.identity.mailbox import last
from tests.payments.customers import Records, new_key, open_desk, records_of, without_risk_rules
from tests.people import HOME, PASSWORD, SECRET, LosesReplies, Owner, made

MAIL = "ada@example.com"
SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken } } }"
SMTP = {"smtp_host": "127.0.0.1", "mail_from": "a@example.com", "public_url": "https://app.example.com"}


def production(**more: object) -> Settings:
    return made(**({"environment": "production", "welcome_bonus": "100.00"} | SMTP | more))


def opened(database: Database, settings: Settings, secret_keys: SecretKeys = SECRET) -> IdentityServices:
    """Returns the identity services of a server with those settings."""
    return IdentityServices.open(
        database,
        settings,
        secret_keys,
        require_unlocked=require_unlocked,
        on_verified_email=welcome.when_verified(settings, secret_keys),
    )


@dataclass(frozen=True, slots=True)
class House:
    desk: Desk
    services: IdentityServices
    settings: Settings
    records: Records

    async def arrive(self, username: str, email: str | None, currency: str = "USD") -> Admission:
        form = Form(username, "Ada", PASSWORD, email, currency=currency)
        signed_up = await sign_up(self.services, self.settings, form, address=HOME, user_agent=None)
        assert signed_up.admission is not None, signed_up.refusals
        return signed_up.admission

    async def code(self, somebody: Admission) -> ShownCode:
        await request_email_verification(self.services, somebody.viewer, address=HOME)
        return ShownCode((await last(self.services, self.records.connection)).code)

    async def verify(self, somebody: Admission) -> int:
        """Verifies the email address of that user. Returns their balance in minor units."""
        await verify_email(self.services, self.desk, self.settings, somebody.viewer, await self.code(somebody))
        return await self.posted(somebody)

    async def give(self, somebody: Admission, email: str | None) -> None:
        typed = TypedChanges(
            raw_name=UNCHANGED,
            raw_email=email,
            raw_phone=UNCHANGED,
            raw_avatar_url=UNCHANGED,
            current_password=PASSWORD,
        )
        assert (await update_profile(self.services, somebody.viewer, typed, address=HOME)).user is not None

    async def leave(self, somebody: Admission) -> None:
        """Empties and closes the wallet of that user."""
        if bonus := await self.posted(somebody):
            await withdraw(
                self.desk,
                somebody.user.wallet_id,
                raw_amount=f"{bonus // 100}.00",
                raw_bank_name="First Bank",
                speed=Speed.STANDARD,
                raw_key=new_key(),
            )
        await close_wallet(self.services, self.desk, somebody.viewer, PASSWORD, address=HOME)

    async def posted(self, somebody: Admission) -> int:
        return await self.records.count("select posted from ledger_accounts where id = $1", somebody.user.wallet_id)


@pytest.fixture
async def records(database_dsn: Dsns) -> AsyncIterator[Records]:
    async with records_of(database_dsn.server, database_dsn.owner) as opened_records:
        yield opened_records


@pytest.fixture
async def desk(database_dsn: Dsns) -> AsyncIterator[Desk]:
    async with open_desk(database_dsn.server, without_risk_rules()) as opened_desk:
        yield opened_desk


def house_of(desk: Desk, records: Records, settings: Settings) -> House:
    return House(desk, opened(desk.database, settings), settings, records)


@pytest.fixture
async def house(desk: Desk, records: Records) -> AsyncIterator[House]:
    found = house_of(desk, records, production())
    yield found
    found.services.close()
    assert await records.findings() == []


async def test_the_bonus_is_paid_when_the_address_is_verified(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    assert await house.posted(ada) == 0
    code = await house.code(ada)
    assert await house.posted(ada) == 0
    assert await house.records.count("select count(*) from welcomed_emails") == 0
    await verify_email(house.services, house.desk, house.settings, ada.viewer, code)
    assert await house.posted(ada) == 10_000
    row = await house.records.connection.fetchrow(
        "select type, status, description, source_wallet_id from transactions where destination_wallet_id = $1",
        ada.user.wallet_id,
    )
    assert tuple(row or ()) == ("bonus", "completed", "Welcome bonus", None)


async def test_verifying_again_and_sweeping_pay_no_second_bonus(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    await house.verify(ada)
    for _ in range(2):
        await verify_email(house.services, house.desk, house.settings, ada.viewer, ShownCode("whatever"))
        assert await welcome_bonus.pay_owed(house.desk) == 0
    assert await house.posted(ada) == 10_000


async def test_closing_a_wallet_and_signing_up_again_pays_no_second_bonus(house: House) -> None:
    paid = []
    for round_, email in enumerate((MAIL, "ADA@Example.com", MAIL)):
        ada = await house.arrive(f"ada_{round_}", email)
        paid.append(await house.verify(ada))
        await house.leave(ada)
    assert paid == [10_000, 0, 0]


async def test_an_address_verified_by_another_user_pays_no_second_bonus(house: House) -> None:
    ada, eve = await house.arrive("ada", MAIL), await house.arrive("eve", MAIL)
    assert await house.verify(ada) == 10_000
    assert await house.verify(eve) == 0


async def test_an_address_removed_from_a_profile_pays_no_second_bonus(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    await house.verify(ada)
    await house.give(ada, None)
    assert await house.verify(await house.arrive("eve", MAIL)) == 0


async def test_a_wallet_gets_one_bonus_for_any_number_of_verified_addresses(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    for email in (MAIL, "second@example.com", "third@example.com"):
        await house.give(ada, email)
        assert await house.verify(ada) == 10_000
    assert await house.verify(await house.arrive("bob", "second@example.com")) == 10_000, (
        "no bonus was paid for that address"
    )


async def test_a_customer_paid_at_sign_up_gets_no_bonus_for_verifying(desk: Desk, house: House) -> None:
    """Servers of the previous revision and development servers pay at sign-up."""
    before = made(environment="development")
    signed_up = await sign_up(
        house.services, before, Form("ada", "Ada", PASSWORD, MAIL), address=HOME, user_agent=None
    )
    assert signed_up.admission is not None
    assert await house.verify(signed_up.admission) == 10_000
    assert await house.records.count("select count(*) from welcome_bonuses") == 0


async def test_an_imported_customer_gets_no_bonus(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    await house.records.connection.execute(
        "insert into imported_users select gen_random_uuid(), id, null, 0, now() from users"
    )
    assert await house.verify(ada) == 0


async def test_an_address_verified_by_an_operator_pays_no_bonus(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    ops = Operator(None, "ops")
    given = {"raw_email": MAIL, "raw_reason": "Showed a passport"}
    _, changed = await verify_customer_email(house.desk.database, ops, ada.user.wallet_id, **given)
    assert changed
    await verify_email(house.services, house.desk, house.settings, ada.viewer, ShownCode("whatever"))
    assert await house.posted(ada) == 0


async def test_an_address_of_a_closed_user_who_never_verified_it_pays_no_bonus(house: House) -> None:
    await house.leave(await house.arrive("ada", MAIL))
    assert await house.verify(await house.arrive("ada_again", MAIL)) == 0


@pytest.mark.parametrize("bonus", [None, "0"])
async def test_production_pays_no_bonus_unless_it_is_enabled(desk: Desk, records: Records, bonus: str | None) -> None:
    house = house_of(desk, records, production(welcome_bonus=bonus, currencies="USD,JPY"))
    assert await house.verify(await house.arrive("ada", MAIL)) == 0
    assert await records.count("select count(*) from welcomed_emails") == 0
    house.services.close()


async def test_the_bonus_is_in_the_wallets_currency(desk: Desk, records: Records) -> None:
    house = house_of(desk, records, production(welcome_bonus="USD:100.00,JPY:500", currencies="USD,JPY"))
    assert await house.verify(await house.arrive("ada", MAIL, "JPY")) == 500
    assert await records.findings() == []
    house.services.close()


async def test_in_development_the_bonus_is_paid_at_sign_up_and_not_for_verifying(
    desk: Desk, records: Records
) -> None:
    house = house_of(desk, records, made(environment="development"))
    for username, email in (("ada", None), ("bob", MAIL)):
        ada = await house.arrive(username, email)
        assert await house.posted(ada) == 10_000
        await house.leave(ada)
    again = await house.arrive("cid", MAIL)
    assert await house.verify(again) == 10_000
    assert await records.count("select count(*) from welcome_bonuses") == 0
    house.services.close()


async def test_users_who_verify_one_address_at_once_get_one_bonus(house: House) -> None:
    people = [await house.arrive(f"ada_{n}", MAIL) for n in range(4)]
    codes = [await house.code(one) for one in people]
    await asyncio.gather(
        *(
            verify_email(house.services, house.desk, house.settings, one.viewer, code)
            for one, code in zip(people, codes, strict=True)
        )
    )
    assert sorted([await house.posted(one) for one in people]) == [0, 0, 0, 10_000]


# ---------------------------------------------------------------- while SECRET_KEY is replaced

NEW = (b"the next key, thirty-two bytes or more",)


async def test_two_servers_with_different_first_keys_pay_one_bonus_for_an_address(house: House) -> None:
    one, other = (
        replace(house, services=opened(house.desk.database, house.settings, keys))
        for keys in (SECRET + NEW, NEW + SECRET)
    )
    people = [await at.arrive(f"ada_{n}", MAIL) for n, at in enumerate((one, other) * 2)]
    codes = [await at.code(who) for at, who in zip((one, other) * 2, people, strict=True)]
    await asyncio.gather(
        *(
            verify_email(at.services, at.desk, at.settings, who.viewer, code)
            for at, who, code in zip((one, other) * 2, people, codes, strict=True)
        )
    )
    assert sorted([await house.posted(who) for who in people]) == [0, 0, 0, 10_000]
    for at in (one, other):
        at.services.close()


async def test_an_address_is_recognised_by_every_key_that_was_in_use_when_it_was_stored(house: House) -> None:
    """The address got a bonus, or its wallet was closed, before, during or after the change."""

    async def bonus(keys: SecretKeys, email: str, *, verifies: bool = True) -> int:
        at = replace(house, services=opened(house.desk.database, house.settings, keys))
        who = await at.arrive(f"ada_{uuid4().hex[:8]}", email)
        paid = await at.verify(who) if verifies else 0
        await at.leave(who)
        at.services.close()
        return paid

    closed = "closed@example.com"
    assert await bonus(SECRET, MAIL) == 10_000
    assert await bonus(SECRET + NEW, closed, verifies=False) == 0
    for address, keys in ((MAIL, NEW + SECRET), (MAIL, NEW), (closed, NEW), (closed, SECRET)):
        assert await bonus(keys, address) == 0
    # This address was stored before the change, and was not used during it.
    early = "early@example.com"
    assert await bonus(SECRET, early) == 10_000
    assert await bonus(NEW, early) == 10_000


# ---------------------------------------------------------------- crashes, and changed wallets


async def test_an_unpaid_bonus_is_paid_once_by_concurrent_sweeps(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    await verify_only(house.services, ada.viewer, await house.code(ada))
    assert await house.posted(ada) == 0
    await asyncio.gather(*(welcome_bonus.pay_owed(house.desk) for _ in range(5)))
    assert await house.posted(ada) == 10_000
    assert await welcome_bonus.pay_owed(house.desk) == 0


async def test_a_paid_bonus_that_was_not_recorded_is_not_paid_again(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    await house.verify(ada)
    await house.records.connection.execute("update welcome_bonuses set finished_at = null")
    assert await welcome_bonus.pay_owed(house.desk) == 1
    assert await house.posted(ada) == 10_000
    assert await welcome_bonus.pay_owed(house.desk) == 0


async def test_a_wallet_closed_meanwhile_is_no_longer_owed_a_bonus(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    await verify_only(house.services, ada.viewer, await house.code(ada))
    await house.leave(ada)
    assert await welcome_bonus.pay_owed(house.desk) == 1
    assert await welcome_bonus.pay_owed(house.desk) == 0
    assert await house.posted(ada) == 0


async def test_a_frozen_wallet_gets_its_bonus(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    await verify_only(house.services, ada.viewer, await house.code(ada))
    await house.records.connection.execute(
        "update wallets set status = 'frozen', frozen_for = 'all', freeze_reason = 'stolen'"
    )
    await welcome_bonus.pay_owed(house.desk)
    assert await house.posted(ada) == 10_000
    await house.records.connection.execute(
        "update wallets set status = 'active', frozen_for = null, freeze_reason = null"
    )


async def test_one_bonus_is_paid_when_replies_are_lost(database_dsn: Dsns, desk: Desk, records: Records) -> None:
    losing = await LosesReplies.open(database_dsn.server)
    settings = production()
    house = House(desk, opened(losing, settings), settings, records)
    ada = await house.arrive("ada", MAIL)
    code = await house.code(ada)
    losing.losses = 1
    await verify_email(house.services, desk, settings, ada.viewer, code)
    assert await house.posted(ada) == 10_000
    house.services.close()
    await losing.close()


async def test_the_verify_email_mutation_pays_the_bonus(database_dsn: Dsns, owner: Owner) -> None:
    verify = "mutation ($code: String!) { verifyEmail(input: {code: $code}) { user { emailVerified } } }"
    balance = "{ wallet { balance { amount } } }"
    settings = {"environment": "production", "welcome_bonus": "100.00", **SMTP, "smtp_port": 9, "smtp_tls": "none"}
    async with serving(database_dsn.server, **settings) as client:
        form = {"username": "ada", "name": "Ada", "password": PASSWORD, "email": MAIL}
        token = (await client.data(SIGN_UP, {"input": form}))["signUp"]["tokens"]["accessToken"]
        ada = Person("ada", token, "")
        assert await client.data(balance, by=ada) == {"wallet": {"balance": {"amount": "0.00"}}}
        await client.data("mutation { requestEmailVerification { errors { code } } }", by=ada)
        code = (await last(client.services.identity, owner)).code
        verified = await client.data(verify, {"code": code}, by=ada)
        assert verified == {"verifyEmail": {"user": {"emailVerified": True}}}
        assert await client.data(balance, by=ada) == {"wallet": {"balance": {"amount": "100.00"}}}


async def test_the_stored_hash_of_an_address_depends_on_the_servers_key() -> None:
    ours, others = EmailFingerprints((b"a" * 32,)), EmailFingerprints((b"b" * 32,))
    assert ours.of(MAIL) == ours.of(MAIL.upper())
    assert len({ours.of(MAIL), others.of(MAIL), ours.of("bob@example.com")}) == 3
    assert [len(one) for one in ours.of(MAIL)] == [32]
    assert EmailFingerprints((b"b" * 32, b"a" * 32)).of(MAIL) == tuple(sorted(ours.of(MAIL) + others.of(MAIL)))
