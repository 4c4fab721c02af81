"""Closing a wallet: it must be empty, the owner's data is deleted, and it is consistent with concurrent orders."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import uuid_utils.compat as uuids
from asyncpg import UniqueViolationError

from pocketpay.banking.bank import PENDING
from pocketpay.errors import Refusal
from pocketpay.identity import passwords, usernames
from pocketpay.identity.closing_user import NAME, ClosingUser
from pocketpay.identity.errors import InvalidCredentials, InvalidProfile, RateLimited, Unauthenticated
from pocketpay.identity.gate import Denial
from pocketpay.identity.imported_hashes import HashesLeft
from pocketpay.identity.request_email_verification import request_email_verification
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.sign_in import sign_in
from pocketpay.onboarding.close_wallet import CloseWallet, close_wallet
from pocketpay.onboarding.form import Form
from pocketpay.onboarding.sign_up import sign_up
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.payments.settle import Settle
from pocketpay.payments.sweeper import end_unpayable_requests
from pocketpay.transactions.lifecycle import Status
from pocketpay.updates.signals import CHANNEL, read
from pocketpay.wallets.balance import Freeze, WalletStatus
from tests.conftest import Dsns
from tests.operations.operators import freeze
from tests.patience import PATIENCE_SECONDS
from tests.payments.banks import SlowBank, with_bank
from tests.payments.cards import new_card, stored_card
from tests.payments.customers import (
    Person,
    Records,
    balance,
    new_money_request,
    open_desk,
    pay_in,
    pay_money_request,
    pay_out,
    records_of,
    send,
    without_risk_rules,
)
from tests.people import HOME, PASSWORD, LosesReplies, Owner, made, receiving

WRONG = "another one altogether"
MAIL, PHONE = "ada@example.com", "+12025550123"
ROUNDS = 10
COUNTERS = ("throttles", "known_addresses", "sign_in_lanes", "sign_in_turns")
EVERY_TABLE = "select tablename from pg_tables where schemaname = 'public' order by tablename"


@dataclass(frozen=True, slots=True)
class Somebody(Person):
    """A user who has signed up, without a welcome bonus."""

    admission: Admission


@dataclass(frozen=True, slots=True)
class House:
    """A server's desk and identity services, and access to its tables."""

    desk: Desk
    services: IdentityServices
    records: Records

    async def arrive(self, username: str = "ada", **contact: str) -> Somebody:
        form = Form(username, f"{username.title()} Lovelace", PASSWORD, **contact)
        settings = made(welcome_bonus="0")
        signed_up = await sign_up(self.services, settings, form, address=HOME, user_agent="a browser of hers")
        assert signed_up.admission is not None, signed_up.refusals
        viewer = signed_up.admission.viewer
        return Somebody(username, viewer.user_id, viewer.wallet_id, "USD", signed_up.admission)

    async def close(self, whose: Somebody, password: str = PASSWORD) -> int:
        return await close_wallet(self.services, self.desk, whose.admission.viewer, password, address=HOME)

    async def hash_of(self, whose: Somebody) -> str:
        found: str = await self.records.connection.fetchval(
            "select password_hash from users where id = $1", whose.user_id
        )
        return found

    async def closing(self, whose: Somebody) -> CloseWallet:
        """Returns the instruction that closes the wallet, after the password was verified."""
        return CloseWallet(whose.wallet_id, ClosingUser.of(whose.user_id, await self.hash_of(whose)))

    async def everything(self) -> dict[str, str]:
        """Returns a checksum of each table, except counters."""
        tables = [row[0] for row in await self.records.connection.fetch(EVERY_TABLE)]
        return {
            table: await self.records.connection.fetchval(
                f"select md5(coalesce(string_agg(t::text, ';' order by t::text), '')) from {table} t"
            )
            for table in tables
            if table not in COUNTERS
        }


@pytest.fixture
async def house(database_dsn: Dsns) -> AsyncIterator[House]:
    async with (
        records_of(database_dsn.server, database_dsn.owner) as records,
        open_desk(database_dsn.server, without_risk_rules()) as desk,
        receiving(desk.database) as services,
    ):
        yield House(desk, services, records)
        assert await records.findings() == []


async def signed_in(house: House, login: str) -> Admission:
    return await sign_in(house.services, login, PASSWORD, address=HOME, user_agent="another browser")


async def test_a_closed_users_personal_data_is_in_no_table(house: House, owner: Owner) -> None:
    ada = await house.arrive("lovelace", raw_email=MAIL, raw_phone=PHONE)
    await owner.execute("update users set avatar_url = 'https://example.com/ada.png'")
    await signed_in(house, MAIL)
    await request_email_verification(house.services, ada.admission.viewer, address=HOME)
    assert await house.close(ada) == 2
    row = await owner.fetchrow("select * from users")
    assert row is not None
    assert (row["name"], row["email"], row["phone"], row["avatar_url"], row["password_hash"], row["role"]) == (
        NAME,
        None,
        None,
        None,
        passwords.NO_PASSWORD,
        "member",
    )
    assert row["username"].startswith(usernames.CLOSED_PREFIX)
    assert row["closed_at"] is not None
    for (table,) in await owner.fetch(EVERY_TABLE):
        for said in ("lovelace", MAIL, "ada.png", "2025550123", "browser"):
            found = await owner.fetchval(f"select count(*) from {table} t where lower(t::text) like '%{said}%'")
            assert found == 0, (table, said)


async def test_closing_ends_every_session_on_every_server(house: House, owner: Owner) -> None:
    told: list[str] = []
    await owner.add_listener(CHANNEL, lambda *said: told.append(str(said[3])))
    ada, bea = await house.arrive(), await house.arrive("bea")
    there = await signed_in(house, "ada")
    assert await house.close(ada) == 2
    for token in (ada.admission.tokens.access_token, there.tokens.access_token):
        assert await house.services.gate.check(token) is Denial.REVOKED
    assert await house.services.gate.viewer(bea.admission.tokens.access_token) == bea.admission.viewer
    await owner.execute("select 1")
    (signal,) = [read(payload) for payload in told]
    assert set(signal.sessions) == {ada.admission.viewer.session_id, there.viewer.session_id}
    assert set(signal.wallets) == {ada.wallet_id}


async def test_a_closed_user_signs_in_like_an_unknown_one_at_the_same_cost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await house.arrive(raw_email=MAIL)
    await house.close(ada)
    work: list[str | None] = []
    compared = house.services.passwords._verify

    def counted(kept_hash: str | None, password: str, left: HashesLeft) -> passwords.Verdict:
        work.append(kept_hash)
        return compared(kept_hash, password, left)

    monkeypatch.setattr(house.services.passwords, "_verify", counted)
    for login in ("ada", MAIL, "nobody"):
        with pytest.raises(InvalidCredentials):
            await signed_in(house, login)
    assert work == [None, None, None]
    with pytest.raises(Unauthenticated):
        await house.close(ada)


async def test_a_closed_users_username_stays_taken_and_the_addresses_become_free(house: House) -> None:
    ada = await house.arrive(raw_email=MAIL, raw_phone=PHONE)
    await house.close(ada)
    taken = await sign_up(
        house.services, made(), Form("Ada", "Ada", PASSWORD, MAIL, PHONE), address=HOME, user_agent=None
    )
    assert [(one.code, one.field) for one in taken.refusals] == [("USERNAME_TAKEN", "username")]
    another = await house.arrive("ada_two", raw_email=MAIL, raw_phone=PHONE)
    assert (another.admission.user.email, another.admission.user.phone) == (MAIL, PHONE)


async def test_an_update_waiting_for_a_closing_cannot_take_the_username(house: House, owner: Owner) -> None:
    """The unique index alone would accept the username after its owner has closed the wallet."""
    ada = await house.arrive()
    bea = await house.arrive("bea")
    await owner.execute("begin")
    await owner.execute("insert into retired_usernames values (sha256('ada'), now())")
    await owner.execute("update users set username = 'closed_1' where id = $1", ada.user_id)
    waiting = asyncio.create_task(
        house.records.connection.execute("update users set username = 'ada' where id = $1", bea.user_id)
    )
    waits = "select count(*) from pg_locks where not granted and pid <> pg_backend_pid()"
    async with house.desk.database.read() as session, asyncio.timeout(PATIENCE_SECONDS):
        while not await session.fetchval(waits):
            assert not waiting.done()
    await owner.execute("commit")
    with pytest.raises(UniqueViolationError) as refused:
        await waiting
    assert refused.value.constraint_name == "uq_users_username"


def test_usernames_of_closed_users_are_reserved() -> None:
    with pytest.raises(InvalidProfile, match="reserved"):
        usernames.chosen("Closed_1234")


async def test_cards_and_requests_end_with_the_wallet(house: House) -> None:
    ada, bea = await house.arrive(), await house.arrive("bea")
    open_, frozen, closed = [await new_card(house.desk, ada) for _ in range(3)]
    for card, status in ((frozen, "frozen"), (closed, "closed")):
        await house.records.connection.execute("update cards set status = $2 where id = $1", card, status)
    asked_of, made_by = (
        await new_money_request(house.desk, bea, ada, "1.00"),
        await new_money_request(house.desk, ada, bea, "2.00"),
    )
    beas = await new_card(house.desk, bea)
    await house.close(ada)
    assert [(await stored_card(house.records, card))[::2] for card in (open_, frozen, closed, beas)] == [
        ("closed", 2),
        ("closed", 2),
        ("closed", 1),
        ("active", 1),
    ]
    assert (await house.records.request(asked_of.id))["status"] == "declined"
    await end_unpayable_requests(house.desk)
    assert (await house.records.request(made_by.id))["status"] == "cancelled"
    assert (await balance(house.desk, ada)).standing.status is WalletStatus.CLOSED


async def _money(house: House, ada: Somebody) -> None:
    await pay_in(house.desk, ada, "0.01")


async def _deposit_under_way(house: House, ada: Somebody) -> None:
    await pay_in(with_bank(house.desk, SlowBank()), ada, "5.00")


async def _withdrawal_under_way(house: House, ada: Somebody) -> None:
    await pay_in(house.desk, ada, "5.00")
    await pay_out(with_bank(house.desk, SlowBank()), ada, "5.00")


async def _held_payment(house: House, ada: Somebody) -> None:
    await pay_in(house.desk, ada, "5.00")
    house.desk.clearing.terms = without_risk_rules(new_recipient_action="confirm")
    await send(house.desk, ada, await house.arrive("bea"), "5.00")


async def _held_payment_of_a_request(house: House, ada: Somebody) -> None:
    await pay_in(house.desk, ada, "5.00")
    house.desk.clearing.terms = without_risk_rules(new_recipient_action="confirm")
    await pay_money_request(
        house.desk, ada, await new_money_request(house.desk, await house.arrive("bea"), ada, "5.00")
    )


async def _opening_balance(house: House, ada: Somebody) -> None:
    await house.records.connection.execute(
        "insert into imported_users values ($1, $2, $3, 500, now())", uuids.uuid7(), ada.user_id, uuids.uuid7()
    )


async def _frozen(house: House, ada: Somebody) -> None:
    await freeze(house.desk, ada, Freeze.DEBITS)


async def _nothing(house: House, ada: Somebody) -> None:
    return


@pytest.mark.parametrize(
    ("arrange", "password", "code", "field"),
    [
        (_nothing, WRONG, "INVALID_CREDENTIALS", "password"),
        (_nothing, "", "INVALID_CREDENTIALS", "password"),
        (_nothing, "\ud800" * 9, "INVALID_CREDENTIALS", "password"),
        (_money, WRONG, "INVALID_CREDENTIALS", "password"),
        (_money, PASSWORD, "BALANCE_NOT_ZERO", None),
        (_deposit_under_way, PASSWORD, "BALANCE_NOT_ZERO", None),
        (_withdrawal_under_way, PASSWORD, "BALANCE_NOT_ZERO", None),
        (_held_payment, PASSWORD, "BALANCE_NOT_ZERO", None),
        (_held_payment_of_a_request, PASSWORD, "BALANCE_NOT_ZERO", None),
        (_opening_balance, PASSWORD, "BALANCE_NOT_ZERO", None),
        (_frozen, PASSWORD, "WALLET_FROZEN", None),
    ],
)
async def test_a_refused_closing_has_a_code_and_changes_nothing(
    house: House,
    arrange: Callable[[House, Somebody], Awaitable[None]],
    password: str,
    code: str,
    field: str | None,
) -> None:
    ada = await house.arrive()
    await new_card(house.desk, ada)
    await arrange(house, ada)
    before = await house.everything()
    with pytest.raises(Refusal) as refused:
        await house.close(ada, password)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert await house.everything() == before


async def test_wrong_passwords_have_a_separate_counter_from_sign_in(house: House) -> None:
    ada = await house.arrive()
    for _ in range(5):
        with pytest.raises(Refusal):
            await house.close(ada, WRONG)
    with pytest.raises(RateLimited):
        await house.close(ada)
    await signed_in(house, "ada")


async def test_an_empty_wallet_can_be_closed_although_an_overdue_payment_is_held(house: House) -> None:
    ada, bea = await house.arrive(), await house.arrive("bea")
    await pay_in(house.desk, ada, "5.00")
    house.desk.clearing.terms = without_risk_rules(new_recipient_action="confirm")
    held = await send(house.desk, ada, bea, "1.00")
    house.desk.clearing.terms = without_risk_rules()
    await send(house.desk, ada, bea, "4.00")
    await house.records.make_overdue(held.transaction.id)
    with pytest.raises(Refusal):
        await house.close(ada)  # the expired payment's money is available again
    await send(house.desk, ada, bea, "1.00")
    assert await house.close(ada) == 1


async def test_an_incoming_held_payment_does_not_prevent_closing_and_then_fails(house: House) -> None:
    """The response must not show a user that someone might pay them."""
    ada, bea = await house.arrive(), await house.arrive("bea")
    await pay_in(house.desk, bea, "5.00")
    house.desk.clearing.terms = without_risk_rules(new_recipient_action="confirm")
    held = await send(house.desk, bea, ada, "5.00")
    await house.close(ada)
    answer = await confirm(house.desk, bea.wallet_id, held.transaction.id)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.FAILED, "RECIPIENT_NOT_FOUND")
    assert (await balance(house.desk, bea)).available.minor == 500


async def test_a_cached_username_of_a_closed_user_cannot_be_paid(house: House) -> None:
    ada, bea = await house.arrive(), await house.arrive("bea")
    await pay_in(house.desk, bea, "5.00")
    await send(house.desk, bea, ada, "1.00")
    assert await house.desk.resolver.wallet_of("ada") == ada.wallet_id
    await send(house.desk, ada, bea, "1.00")
    await house.close(ada)
    before = await house.everything()
    for paying in (send(house.desk, bea, "ada", "1.00"), send(house.desk, bea, "@ADA", "1.00")):
        with pytest.raises(Refusal) as refused:
            await paying
        assert refused.value.code == "RECIPIENT_NOT_FOUND"
    with pytest.raises(Refusal) as refused:
        await pay_in(house.desk, ada, "1.00")
    assert refused.value.code == "WALLET_CLOSED"
    assert await house.everything() == before


async def test_a_password_changed_during_its_check_does_not_close_the_wallet(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await house.arrive()
    verify, new = house.services.passwords.verify, "amber-lighthouse-42"
    another = await house.services.passwords.hash(new)

    async def and_then_it_is_changed(kept_hash: str | None, password: str) -> passwords.Verdict:
        verdict = await verify(kept_hash, password)
        await house.records.connection.execute("update users set password_hash = $1", another)
        return verdict

    monkeypatch.setattr(house.services.passwords, "verify", and_then_it_is_changed)
    with pytest.raises(Refusal) as refused:
        await house.close(ada)
    assert refused.value.code == "INVALID_CREDENTIALS"
    assert (await balance(house.desk, ada)).standing.status is WalletStatus.ACTIVE
    assert await house.close(ada, new) == 1


async def test_a_wallet_closed_at_two_servers_at_once_is_closed_once(house: House, database_dsn: Dsns) -> None:
    async with open_desk(database_dsn.server) as other:
        for round_ in range(ROUNDS):
            ada = await house.arrive(f"ada{round_}")
            orders = [await house.closing(ada) for _ in range(6)]
            answers = await asyncio.gather(
                *((house.desk, other)[n % 2].submit(order) for n, order in enumerate(orders))
            )
            assert sum(answer.outcome.changed for answer in answers) == 1
            assert {answer.balance.standing.status for answer in answers} == {WalletStatus.CLOSED}
    names = await house.records.connection.fetch("select fingerprint from retired_usernames")
    assert len(names) == ROUNDS


async def test_a_concurrent_payment_comes_before_the_closing_or_is_refused(house: House, database_dsn: Dsns) -> None:
    bea = await house.arrive("bea")
    await pay_in(house.desk, bea, "500.00")
    async with open_desk(database_dsn.server, without_risk_rules()) as other:
        for round_ in range(2 * ROUNDS):
            ada = await house.arrive(f"ada{round_}")
            orders = [
                other.submit(await house.closing(ada)),
                send(house.desk, bea, ada, "1.00"),
                pay_in(house.desk, ada, "2.00"),
                new_money_request(house.desk, bea, ada, "3.00"),
            ]
            orders = orders[round_ % 4 :] + orders[: round_ % 4]
            told = await asyncio.gather(*orders, return_exceptions=True)
            assert not [one for one in told if isinstance(one, Exception) and not isinstance(one, Refusal)]
            after = await balance(house.desk, ada)
            closed = after.standing.status is WalletStatus.CLOSED
            assert closed is (after.posted_minor == 0)
    assert (
        await house.records.count(
            "select count(*) from money_requests r join wallets w on w.id = r.payer_wallet_id "
            "where w.status = 'closed' and r.status = 'pending'"
        )
        == 0
    )


async def test_a_closing_sees_a_deposit_settled_in_the_same_unit(house: House) -> None:
    """In the same unit of work, a declined deposit allows closing and a completed one does not."""
    for settled in (False, True):
        ada = await house.arrive(f"ada_{settled}".lower())
        order = (await pay_in(with_bank(house.desk, SlowBank(PENDING)), ada, "5.00")).transaction
        closing = await house.closing(ada)
        told = await asyncio.gather(
            house.desk.submit(Settle(ada.wallet_id, order.id, settled)),
            house.desk.submit(closing),
            return_exceptions=True,
        )
        closed = (await balance(house.desk, ada)).standing.status is WalletStatus.CLOSED
        assert closed is not settled, told


async def test_a_wallet_is_closed_once_and_the_result_returned_when_replies_are_lost(
    house: House, database_dsn: Dsns
) -> None:
    database = LosesReplies(database_dsn.server)
    async with receiving(database) as services:
        ada = await house.arrive()
        database.losses = 1
        assert await close_wallet(services, house.desk, ada.admission.viewer, PASSWORD, address=HOME) == 1
    await database.close()
