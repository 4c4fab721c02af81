"""Bank accounts are linked once for each key, follow their provider, and are used only while they are active."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import uuid_utils.compat as uuids

from pocketpay.bank_accounts import listing
from pocketpay.bank_accounts.bank_account import BankAccount, Provider
from pocketpay.bank_accounts.errors import BankNotReachable, TooManyBankAccounts
from pocketpay.banking.bank import DECLINED, PENDING, SETTLED, BankUse, LinkStatus
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments import link_bank_account, refresh, settle, sweeper
from pocketpay.payments.deposit import AcceptDeposit, deposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.link_bank_account import MAX_OPEN
from pocketpay.payments.other_bank import OtherBank
from pocketpay.payments.parsing import parse_key
from pocketpay.payments.refresh import refresh_bank_account, refresh_by_reference
from pocketpay.payments.remove_bank_account import remove_bank_account
from pocketpay.payments.withdraw import AcceptWithdrawal
from pocketpay.transactions.errors import KeyReused, NotFound
from pocketpay.transactions.lifecycle import Status
from tests.payments.customers import Person, Records, money, new_key, pay_in, person
from tests.payments.hosted_bank import HostedBank, hosted, link, linked, pay_in_from, pay_out_to

DUE = "update bank_accounts set next_check_at = clock_timestamp() - interval '1 second' where id = $1"
CHECK = "select next_check_at from bank_accounts where id = $1"


async def stored(desk: Desk, account: BankAccount) -> BankAccount:
    async with desk.database.read() as session:
        return (await listing.find(session, account.wallet_id, [account.id]))[account.id]


async def listed(desk: Desk, whose: Person) -> list[BankAccount]:
    async with desk.database.read() as session:
        return await listing.read(session, whose.wallet_id, limit=20)


# ---------------------------------------------------------------- linking


async def test_with_the_simulated_bank_a_bank_account_is_active_at_once(desk: Desk) -> None:
    ada = await person(desk)
    made = await link(desk, ada, BankUse.WITHDRAWAL)
    assert made.url is None
    account = made.account
    assert (account.status, account.provider, account.use) == (
        LinkStatus.ACTIVE,
        Provider.SIMULATED,
        BankUse.WITHDRAWAL,
    )
    assert (account.bank_name, len(account.last4), set(account.uses)) == ("Simulated Bank", 4, set(BankUse))
    assert await stored(desk, account) == account
    paid = await pay_in_from(desk, account, "5.00")
    assert paid.transaction.status is Status.COMPLETED
    assert paid.transaction.description == f"Deposit from Simulated Bank ending in {account.last4}"
    assert paid.transaction.bank_name == "Simulated Bank"


async def test_a_hosted_flow_gives_a_page_and_a_repeated_order_a_fresh_one(desk: Desk) -> None:
    bank = HostedBank()
    desk, ada, key = hosted(desk, bank), await person(desk), new_key()
    first, again = await link(desk, ada, key=key), await link(desk, ada, key=key)
    assert (first.account.status, first.account.reference) == (LinkStatus.PENDING, f"ref_{first.account.id}")
    assert again.account == first.account
    assert first.url is not None
    assert first.url != again.url
    with pytest.raises(KeyReused):
        await link(desk, ada, BankUse.WITHDRAWAL, key=key)
    bank.says(first.account.id, LinkStatus.ACTIVE, uses=(BankUse.DEPOSIT,))
    refreshed = await refresh_by_reference(desk, f"ref_{first.account.id}")
    assert refreshed is not None
    assert (refreshed.status, refreshed.title) == (LinkStatus.ACTIVE, "First Bank ending in 6789")
    done = await link(desk, ada, key=key)
    assert (done.account, done.url) == (refreshed, None)


async def test_simultaneous_orders_with_one_key_link_one_bank_account(two_desks: list[Desk]) -> None:
    bank = HostedBank()
    here, there = (hosted(desk, bank) for desk in two_desks)
    ada, key = await person(here), new_key()
    made = await asyncio.gather(*(link(desk, ada, key=key) for desk in (here, there) * 4))
    assert len({one.account.id for one in made}) == 1
    assert len(await listed(here, ada)) == 1


async def test_a_wallet_has_at_most_ten_open_bank_accounts(desk: Desk) -> None:
    bank = HostedBank()
    desk, ada = hosted(desk, bank), await person(desk)
    made = await asyncio.gather(*(link(desk, ada) for _ in range(MAX_OPEN + 3)), return_exceptions=True)
    opened = [one.account for one in made if not isinstance(one, BaseException)]
    assert len(opened) == MAX_OPEN
    assert [type(one) for one in made if isinstance(one, BaseException)] == [TooManyBankAccounts] * 3
    bank.says(opened[0].id, LinkStatus.FAILED)
    await refresh_bank_account(desk, opened[0].id)
    await remove_bank_account(desk, ada.wallet_id, opened[1].id)
    await link(desk, ada)
    await link(desk, ada)
    with pytest.raises(TooManyBankAccounts):
        await link(desk, ada)


@pytest.mark.parametrize(
    ("freeze", "close", "code"),
    [("debits", False, None), ("all", False, "WALLET_FROZEN"), (None, True, "WALLET_CLOSED")],
)
async def test_linking_needs_a_wallet_that_may_receive(
    desk: Desk, records: Records, freeze: str | None, close: bool, code: str | None
) -> None:
    ada = await person(desk)
    await records.freeze(ada, freeze)
    if close:
        await records.close_wallet(ada)
    if code is None:
        assert (await link(desk, ada)).account.status is LinkStatus.ACTIVE
        return
    with pytest.raises(Refusal) as refused:
        await link(desk, ada)
    assert refused.value.code == code


@pytest.mark.parametrize("how", ["down", "silent"])
async def test_a_provider_that_does_not_answer_leaves_a_pending_account_for_the_sweeper(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(link_bank_account, "BANK_SECONDS", 0.05)
    monkeypatch.setattr(refresh, "BANK_SECONDS", 0.05)
    bank = HostedBank(down=how == "down", silent=how == "silent")
    desk, ada, key = hosted(desk, bank), await person(desk), new_key()
    with pytest.raises(BankNotReachable):
        await link(desk, ada, key=key)
    (account,) = await listed(desk, ada)
    assert (account.status, account.reference) == (LinkStatus.PENDING, None)
    with pytest.raises(BankNotReachable):
        await refresh_bank_account(desk, account.id)
    bank.down = bank.silent = False
    await records.connection.execute(DUE, account.id)
    await sweeper.poll_links(desk)
    assert (await stored(desk, account)).reference == f"ref_{account.id}"
    assert (await link(desk, ada, key=key)).url is not None


# ---------------------------------------------------------------- states


async def test_the_same_state_changes_nothing_and_a_final_one_stays(desk: Desk) -> None:
    bank = HostedBank()
    desk, ada = hosted(desk, bank), await person(desk)
    account = await linked(desk, bank, ada, BankUse.DEPOSIT)
    assert (account.version, account.uses) == (3, (BankUse.DEPOSIT,))
    assert await refresh_bank_account(desk, account.id) == account
    bank.says(account.id, LinkStatus.PENDING)
    assert await refresh_bank_account(desk, account.id) == account
    bank.says(account.id, LinkStatus.FAILED)
    failed = await refresh_bank_account(desk, account.id)
    assert failed is not None
    assert (failed.status, failed.version) == (LinkStatus.FAILED, 4)
    bank.says(account.id, LinkStatus.ACTIVE)
    assert await refresh_bank_account(desk, account.id) == failed


async def test_unknown_ids_and_other_providers_are_not_asked_about(desk: Desk) -> None:
    bank = HostedBank()
    ada = await person(desk)
    simulated = (await link(desk, ada)).account
    desk = hosted(desk, bank)
    assert await refresh_bank_account(desk, uuids.uuid7()) is None
    assert await refresh_by_reference(desk, "ref_unknown") is None
    assert await refresh_bank_account(desk, simulated.id) is None
    assert await refresh_by_reference(desk, simulated.reference or "") is None
    assert not bank.asked_about_links


async def test_the_sweeper_asks_about_a_pending_link_with_growing_pauses(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    desk, ada = hosted(desk, bank), await person(desk)
    pending, active = (await link(desk, ada)).account, await linked(desk, bank, ada)
    assert await records.connection.fetchval(CHECK, active.id) is None
    await records.connection.execute(DUE, pending.id)
    await asyncio.gather(*(sweeper.poll_links(desk) for _ in range(3)))
    assert bank.asked_about_links[pending.id] == 1
    pause = "select extract(epoch from next_check_at - clock_timestamp()) from bank_accounts where id = $1"
    assert 50 < await records.connection.fetchval(pause, pending.id) <= 60
    await records.connection.execute(
        "update bank_accounts set updated_at = updated_at - interval '1 hour', next_check_at = now() where id = $1",
        pending.id,
    )
    await sweeper.poll_links(desk)
    assert 3_500 < await records.connection.fetchval(pause, pending.id) < 3_700
    bank.says(pending.id, LinkStatus.ACTIVE)
    await records.connection.execute(DUE, pending.id)
    await sweeper.poll_links(desk)
    assert (await stored(desk, pending)).status is LinkStatus.ACTIVE
    assert await records.connection.fetchval(CHECK, pending.id) is None


# ---------------------------------------------------------------- removing


async def test_a_removed_bank_account_is_hidden_and_removed_at_the_provider(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    desk, ada, eve = hosted(desk, bank), await person(desk), await person(desk)
    account = await linked(desk, bank, ada)
    with pytest.raises(NotFound):
        await remove_bank_account(desk, eve.wallet_id, account.id)
    removed = await remove_bank_account(desk, ada.wallet_id, account.id)
    assert await remove_bank_account(desk, ada.wallet_id, account.id) == removed
    assert [one.id for one in bank.removed] == [account.id]
    assert (await stored(desk, account)).status is LinkStatus.REMOVED
    assert await listed(desk, ada) == []
    assert await records.connection.fetchval(CHECK, account.id) is None


async def test_the_sweeper_removes_the_link_when_the_provider_did_not_answer(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    desk, ada = hosted(desk, bank), await person(desk)
    account = await linked(desk, bank, ada)
    bank.down = True
    assert (await remove_bank_account(desk, ada.wallet_id, account.id)).status is LinkStatus.REMOVED
    assert bank.removed == []
    await records.connection.execute(DUE, account.id)
    await sweeper.poll_links(desk)
    assert await records.connection.fetchval(CHECK, account.id) is not None
    bank.down = False
    await records.connection.execute(DUE, account.id)
    await sweeper.poll_links(desk)
    assert [one.id for one in bank.removed] == [account.id]
    assert await records.connection.fetchval(CHECK, account.id) is None


# ---------------------------------------------------------------- orders


async def test_an_order_gives_the_provider_its_link_also_when_it_is_polled(desk: Desk, records: Records) -> None:
    bank = HostedBank(settles=PENDING)
    desk, ada = hosted(desk, bank), await person(desk)
    account = await linked(desk, bank, ada)
    accepted = (await pay_in_from(desk, account, "10.00")).transaction
    assert (accepted.status, accepted.description) == (Status.CREATED, "Deposit from First Bank ending in 6789")
    bank.settles = SETTLED
    await records.make_poll_due(accepted.id)
    await sweeper.poll_unsettled(desk)
    asked = [order for order in bank.asked if order.id == accepted.id]
    assert len(asked) == 2
    assert {order.link for order in asked} == {account.link("")}
    assert await money(desk, ada) == (1_000, 0)
    out = (await pay_out_to(desk, account, "4.00")).transaction
    assert (out.status, out.description) == (Status.COMPLETED, "Withdrawal to First Bank ending in 6789")
    assert bank.asked[-1].link == account.link("")


async def test_our_own_retry_of_a_deposit_or_withdrawal_still_has_its_link(desk: Desk) -> None:
    """After a lost connection the clearing executes the instruction again, and finds it stored."""
    bank = HostedBank()
    ada = await person(desk, funds="50.00")
    desk = hosted(desk, bank)
    account = await linked(desk, bank, ada)
    other, amount = OtherBank("", account.id, Provider.STRIPE), Money(500, "USD")
    for order in (
        AcceptDeposit(uuids.uuid7(), ada.wallet_id, amount, other, parse_key(new_key(), ada.wallet_id, "deposit")),
        AcceptWithdrawal(
            *(uuids.uuid7(), ada.wallet_id, amount, other, Speed.STANDARD),
            parse_key(new_key(), ada.wallet_id, "withdraw"),
        ),
    ):
        await desk.submit(order)
        again = await desk.submit(order)
        assert (again.replayed, again.outcome.side_effects) == (False, None)
        await settle.settle_now(desk, again, linked=True)
        assert bank.asked[-1].link == account.link("")


async def test_an_order_of_another_provider_waits_for_a_server_that_has_it(desk: Desk, records: Records) -> None:
    bank = HostedBank(settles=PENDING)
    ada, at_provider = await person(desk), hosted(desk, bank)
    account = await linked(at_provider, bank, ada)
    accepted = (await pay_in_from(at_provider, account, "10.00")).transaction
    await records.make_poll_due(accepted.id)
    await sweeper.poll_unsettled(desk)
    with pytest.raises(BankNotReachable):
        await refresh.refresh_order(desk, accepted.id)
    assert await money(desk, ada) == (0, 0)
    bank.settles = SETTLED
    await refresh.refresh_order(at_provider, accepted.id)
    assert await money(desk, ada) == (1_000, 0)


async def test_a_declined_order_names_the_input_that_named_the_bank(desk: Desk) -> None:
    bank = HostedBank(settles=DECLINED)
    desk, ada = hosted(desk, bank), await person(desk)
    account = await linked(desk, bank, ada)
    key = new_key()
    for _ in range(2):
        answer = await pay_in_from(desk, account, "10.00", key=key)
        assert answer.refusal is not None
        assert (answer.refusal.code, answer.refusal.field) == ("BANK_DECLINED", "bankAccountId")


async def test_a_bank_account_that_cannot_be_used_is_refused(desk: Desk) -> None:
    bank = HostedBank()
    ada, eve = await person(desk, funds="50.00"), await person(desk)
    simulated = (await link(desk, ada)).account
    desk = hosted(desk, bank)
    pending = (await link(desk, ada)).account
    failed = await linked(desk, bank, ada, status=LinkStatus.FAILED)
    removed = await linked(desk, bank, ada)
    await remove_bank_account(desk, ada.wallet_id, removed.id)
    for_deposits = await linked(desk, bank, ada, BankUse.DEPOSIT)
    for_withdrawals = await linked(desk, bank, ada, BankUse.WITHDRAWAL)
    of_eve = replace(await linked(desk, bank, eve), wallet_id=ada.wallet_id)
    unknown = replace(pending, id=uuids.uuid7())
    for pay, account, code in (
        *((pay, pending, "BANK_ACCOUNT_PENDING") for pay in (pay_in_from, pay_out_to)),
        *((pay, failed, "BANK_ACCOUNT_UNUSABLE") for pay in (pay_in_from, pay_out_to)),
        *((pay, removed, "BANK_ACCOUNT_UNUSABLE") for pay in (pay_in_from, pay_out_to)),
        *((pay, simulated, "BANK_ACCOUNT_UNUSABLE") for pay in (pay_in_from, pay_out_to)),
        (pay_out_to, for_deposits, "BANK_ACCOUNT_UNUSABLE"),
        (pay_in_from, for_withdrawals, "BANK_ACCOUNT_UNUSABLE"),
        *((pay, of_eve, "NOT_FOUND") for pay in (pay_in_from, pay_out_to)),
        *((pay, unknown, "NOT_FOUND") for pay in (pay_in_from, pay_out_to)),
    ):
        with pytest.raises(Refusal) as refused:
            await pay(desk, account, "1.00")
        assert (refused.value.code, refused.value.field) == (code, "bankAccountId"), (pay, account)
    assert bank.asked == []
    assert (await pay_out_to(desk, for_withdrawals, "1.00")).transaction.status is Status.COMPLETED
    assert (await pay_in_from(desk, for_deposits, "1.00")).transaction.status is Status.COMPLETED


async def test_an_order_names_the_bank_once_and_a_bank_name_needs_the_simulated_bank(desk: Desk) -> None:
    ada = await person(desk)
    account = (await link(desk, ada)).account

    async def refused(at: Desk, **bank: Any) -> str | None:
        with pytest.raises(Refusal) as why:
            await deposit(at, ada.wallet_id, raw_amount="1.00", raw_key=new_key(), **bank)
        assert why.value.code == "INVALID_INPUT"
        return why.value.field

    assert await refused(desk, raw_bank_name="First Bank", bank_account_id=account.id) == "bankName"
    assert await refused(desk, raw_bank_name=None) == "bankAccountId"
    at_provider = hosted(desk, HostedBank())
    assert await refused(at_provider, raw_bank_name="First Bank") == "bankAccountId"
    assert (await pay_in(desk, ada, "1.00")).transaction.bank_name == "First Bank"


async def test_an_order_that_was_accepted_before_the_removal_still_ends(desk: Desk, records: Records) -> None:
    bank = HostedBank(settles=PENDING)
    desk, ada = hosted(desk, bank), await person(desk)
    account = await linked(desk, bank, ada)
    accepted = (await pay_in_from(desk, account, "10.00")).transaction
    await remove_bank_account(desk, ada.wallet_id, account.id)
    bank.settles = SETTLED
    assert (await settle.ask_bank(desk, accepted, await settle.used_link(desk, accepted))) is not None
    assert await money(desk, ada) == (1_000, 0)


async def test_removing_and_paying_at_once_ends_one_way(two_desks: list[Desk], records: Records) -> None:
    """The wallet's lock orders them: each deposit was accepted before the removal, or refused."""
    bank = HostedBank()
    here, there = (hosted(desk, bank) for desk in two_desks)
    ada = await person(here)
    account = await linked(here, bank, ada)
    results = await asyncio.gather(
        *(pay_in_from(here, account, "1.00") for _ in range(5)),
        remove_bank_account(there, ada.wallet_id, account.id),
        *(pay_in_from(here, account, "1.00") for _ in range(5)),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, BaseException)]
    assert all(isinstance(one, Refusal) and one.code == "BANK_ACCOUNT_UNUSABLE" for one in refused)
    later = "select count(*) from transactions t join bank_accounts b on b.id = $1 where t.created_at > b.updated_at"
    assert await records.count(f"{later} and t.destination_wallet_id = b.wallet_id", account.id) == 0
    assert (await money(here, ada))[0] == 100 * (10 - len(refused))
