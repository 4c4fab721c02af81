"""The welcome bonus: everybody's in development; in production once per email address, for ever."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from pocketpay.identity.changes import STAYS, Wish
from pocketpay.identity.fingerprints import EmailFingerprints
from pocketpay.identity.reception import Admission, Reception
from pocketpay.identity.update_profile import update_profile
from pocketpay.onboarding.close_wallet import close_wallet
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.sign_up import sign_up
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.withdraw import withdraw
from tests.conftest import Dsns
from tests.payments.customers import Records, new_key, open_desk, records_of, unguarded
from tests.people import HOME, PASSWORD, LosesReplies, Owner, made, receiving

MAIL = "ada@example.com"


@dataclass(frozen=True, slots=True)
class House:
    desk: Desk
    reception: Reception
    records: Records

    async def arrive(self, username: str, email: str | None, **settings: object) -> Admission:
        chosen = made(**({"environment": "production", "welcome_bonus": "100.00"} | settings))
        form = Form(username, "Ada", PASSWORD, email)
        signed_up = await sign_up(self.reception, chosen, form, address=HOME, user_agent=None)
        assert signed_up.admission is not None, signed_up.refusals
        return signed_up.admission

    async def leave(self, somebody: Admission) -> None:
        """With all that they have."""
        if bonus := await self.posted(somebody):
            await withdraw(
                self.desk,
                somebody.user.wallet_id,
                raw_amount=f"{bonus // 100}.00",
                raw_bank_name="First Bank",
                speed=Speed.STANDARD,
                raw_key=new_key(),
            )
        await close_wallet(self.reception, self.desk, somebody.viewer, PASSWORD, address=HOME)

    async def posted(self, somebody: Admission) -> int:
        return await self.records.count("select posted from ledger_accounts where id = $1", somebody.user.wallet_id)


@pytest.fixture
async def house(database_dsn: Dsns) -> AsyncIterator[House]:
    async with (
        records_of(database_dsn.server, database_dsn.owner) as records,
        open_desk(database_dsn.server, unguarded()) as desk,
        receiving(desk.database) as reception,
    ):
        yield House(desk, reception, records)
        assert await records.findings() == []


async def test_closing_and_coming_again_pays_no_second_bonus_in_production(house: House) -> None:
    paid = []
    for round_, email in enumerate((MAIL, "ADA@Example.com", MAIL)):
        ada = await house.arrive(f"ada_{round_}", email)
        paid.append(await house.posted(ada))
        await house.leave(ada)
    assert paid == [10_000, 0, 0]
    assert await house.records.count("select count(*) from transactions where type = 'bonus'") == 1


async def test_production_pays_nothing_unless_it_is_switched_on(house: House) -> None:
    assert await house.posted(await house.arrive("ada", MAIL, welcome_bonus=None)) == 0
    assert await house.records.count("select count(*) from welcomed_emails") == 0


async def test_production_pays_nobody_without_an_email_address(house: House) -> None:
    assert await house.posted(await house.arrive("ada", None)) == 0
    assert await house.posted(await house.arrive("bob", "bob@example.com")) == 10_000


async def test_development_pays_everybody_each_time(house: House) -> None:
    for username, email in (("ada", None), ("bob", MAIL)):
        ada = await house.arrive(username, email, environment="development", welcome_bonus=None)
        assert await house.posted(ada) == 10_000
        await house.leave(ada)
    again = await house.arrive("cid", MAIL, environment="development", welcome_bonus=None)
    assert await house.posted(again) == 10_000


async def test_address_that_was_given_up_is_paid_no_second_bonus(house: House) -> None:
    ada = await house.arrive("ada", MAIL)
    wish = Wish(raw_name=STAYS, raw_email=None, raw_phone=STAYS, raw_avatar_url=STAYS, current_password=PASSWORD)
    assert (await update_profile(house.reception, ada.viewer, wish, address=HOME)).user is not None
    assert await house.posted(await house.arrive("eve", MAIL)) == 0


async def test_customer_of_the_server_before_is_paid_no_second_bonus_after_leaving(house: House) -> None:
    """That server kept no fingerprint: one is kept when the wallet is closed."""
    ada = await house.arrive("ada", MAIL)
    await house.records.connection.execute("delete from welcomed_emails")
    await house.leave(ada)
    assert await house.posted(await house.arrive("ada_again", MAIL)) == 0


async def test_lost_replies_pay_one_bonus(database_dsn: Dsns, owner: Owner) -> None:
    """The second try finds the claim of the first, and the user whom it was made for."""
    database = LosesReplies(database_dsn.server)
    async with receiving(database) as reception:
        database.losses = 3
        settings = made(environment="production", welcome_bonus="100.00")
        form = Form("ada", "Ada", PASSWORD, MAIL)
        signed_up = await sign_up(reception, settings, form, address=HOME, user_agent=None)
        assert signed_up.admission is not None
    await database.close()
    assert await owner.fetchval("select posted from ledger_accounts where kind = 'wallet'") == 10_000


async def test_what_is_kept_of_an_address_cannot_be_tried_without_the_servers_key() -> None:
    ours, others = EmailFingerprints(b"a" * 32), EmailFingerprints(b"b" * 32)
    assert ours.of(MAIL) == ours.of(MAIL.upper())
    assert len({ours.of(MAIL), others.of(MAIL), ours.of("bob@example.com")}) == 3
    assert len(ours.of(MAIL)) == 32
