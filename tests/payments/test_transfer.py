"""Sending money: what comes of it, what is refused in which order, and what asking twice means."""

import asyncio
import itertools
from datetime import timedelta

import pytest

from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.payments.errors import InsufficientFunds, InvalidAmount, InvalidInput, KeyReused, RecipientNotFound
from pocketpay.payments.lifecycle import Status
from pocketpay.payments.terms import Terms
from pocketpay.payments.transaction import Type
from pocketpay.risk.rules import Reason, Rule
from tests.payments.customers import (
    Person,
    Records,
    balance,
    money,
    new_key,
    pay_in,
    people,
    person,
    send,
    terms,
    unguarded,
)


async def refused(desk: Desk, sender: Person, to: Person | str, amount: str, **more: str) -> Refusal:
    """The refusal that a transfer meets, raised or in its answer."""
    try:
        answer = await send(desk, sender, to, amount, **more)
    except Refusal as refusal:
        return refusal
    assert answer.refusal is not None, answer.transaction.status
    return answer.refusal


# ---------------------------------------------------------------- what comes of it


async def test_safe_transfer_is_completed_at_once(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    answer = await send(desk, ada, bob, "12.50", description=" Lunch ")
    done = answer.transaction
    assert (done.type, done.status, done.version) == (Type.SEND, Status.COMPLETED, 1)
    assert (done.source_wallet_id, done.destination_wallet_id) == (ada.wallet_id, bob.wallet_id)
    assert (done.amount, done.fee, done.description) == (Money(1_250, "USD"), Money(0, "USD"), "Lunch")
    assert done.created_at == done.updated_at == done.completed_at
    assert (done.risk_reasons, done.failure_code, done.expires_at) == ((), None, None)
    assert (answer.refusal, answer.replayed) == (None, False)
    assert await records.entries(done.id) == {ada.wallet_id: -1_250, bob.wallet_id: 1_250}
    assert (await money(desk, ada), await money(desk, bob)) == ((8_750, 0), (11_250, 0))


async def test_answer_has_the_senders_wallet_as_it_is_after(desk: Desk) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    before = await balance(desk, ada)
    answer = await send(desk, ada, bob, "12.50")
    assert answer.balance == await balance(desk, ada)
    assert answer.balance.posted == Money(8_750, "USD")
    assert answer.balance.version == before.version + 1


async def test_whole_balance_can_be_sent_and_not_a_cent_more(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    refusal = await refused(desk, ada, bob, "100.01")
    assert isinstance(refusal, InsufficientFunds)
    assert (refusal.required, refusal.available) == (Money(10_001, "USD"), Money(10_000, "USD"))
    assert (await send(desk, ada, bob, "100.00")).transaction.status is Status.COMPLETED
    assert await money(desk, ada) == (0, 0)
    assert isinstance(await refused(desk, ada, bob, "0.01"), InsufficientFunds)


async def test_transfer_without_the_money_stays_as_failed(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    answer = await send(desk, ada, bob, "10.01")
    kept = await records.transaction(answer.transaction.id)
    assert (kept["status"], kept["failure_code"], kept["completed_at"]) == ("failed", "INSUFFICIENT_FUNDS", None)
    assert answer.transaction.status is Status.FAILED
    assert await records.entries(answer.transaction.id) == {}
    assert await money(desk, ada) == (1_000, 0)


async def test_risky_transfer_is_held_and_moves_nothing(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    answer = await send(desk, ada, bob, "40.00")
    held = answer.transaction
    assert held.status is Status.PENDING_CONFIRMATION
    assert held.expires_at is not None
    assert held.expires_at - held.created_at == timedelta(minutes=15)
    assert answer.refusal is None
    assert (answer.balance.posted.minor, answer.balance.held.minor, answer.balance.available.minor) == (
        10_000,
        4_000,
        6_000,
    )
    assert await money(desk, ada) == (10_000, 4_000)
    assert await money(desk, bob) == (10_000, 0)
    assert await records.entries(held.id) == {}


async def test_held_money_cannot_be_spent_again(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    await send(desk, ada, bob, "60.00")
    refusal = await refused(desk, ada, bob, "40.01")
    assert isinstance(refusal, InsufficientFunds)
    assert refusal.available == Money(4_000, "USD")
    assert (await send(desk, ada, bob, "40.00")).transaction.status is Status.PENDING_CONFIRMATION
    assert await money(desk, ada) == (10_000, 10_000)


async def test_held_payment_does_not_change_the_recipients_wallet(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    before = await balance(desk, bob)
    await send(desk, ada, bob, "60.00")
    assert await balance(desk, bob) == before


async def test_yen_have_no_cents(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await person(desk, funds="1250", currency="JPY"), await person(desk, currency="JPY")
    answer = await send(desk, ada, bob, "1250")
    assert answer.transaction.amount == Money(1_250, "JPY")
    assert isinstance(await refused(desk, bob, ada, "12.50"), InvalidAmount)


async def test_time_is_not_before_that_of_the_last_change_of_either_wallet(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    ahead = await records.connection.fetchval(
        "update ledger_accounts set updated_at = clock_timestamp() + interval '1 hour' where id = $1 "
        "returning updated_at",
        bob.wallet_id,
    )
    first = (await send(desk, ada, bob, "1.00")).transaction
    second = (await send(desk, ada, await person(desk), "1.00")).transaction
    assert first.created_at == ahead
    assert second.created_at >= first.created_at


async def test_order_of_time_is_the_order_of_sequence(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    payments = [send(desk, *pair, "1.00") for pair in [(ada, bob), (bob, ada)] * 40]
    answers = await asyncio.gather(*payments)
    rows = await records.connection.fetch(
        "select account_id, sequence, created_at, transaction_id from ledger_entries where account_id = any($1) "
        "order by account_id, sequence",
        [ada.wallet_id, bob.wallet_id],
    )
    times = {answer.transaction.id: answer.transaction.completed_at for answer in answers}
    for before, after in itertools.pairwise(rows):
        if before["account_id"] == after["account_id"]:
            assert after["sequence"] == before["sequence"] + 1
            assert after["created_at"] >= before["created_at"]
    assert all(row["created_at"] == times[row["transaction_id"]] for row in rows if row["transaction_id"] in times)


# ---------------------------------------------------------------- what is risky

LARGE = Reason(Rule.LARGE_TRANSFER, {"threshold": "500.00", "currency": "USD"})
NEW = Reason(Rule.NEW_RECIPIENT, {})
RAPID = Reason(Rule.RAPID_TRANSFERS, {"count": 5, "window_minutes": 60})


async def known_pair(desk: Desk, *, funds: str) -> tuple[Person, Person]:
    """Two people, the first of whom has paid the second before, an hour and more ago."""
    ada, bob = await person(desk, funds=funds), await person(desk)
    held = await send(desk, ada, bob, "0.01")
    await confirm(desk, ada.wallet_id, held.transaction.id)
    return ada, bob


async def test_transfer_above_the_threshold_is_large_and_at_it_is_not(desk: Desk) -> None:
    ada, bob = await known_pair(desk, funds="2000.00")
    assert (await send(desk, ada, bob, "500.00")).transaction.status is Status.COMPLETED
    large = (await send(desk, ada, bob, "500.01")).transaction
    assert (large.status, large.risk_reasons) == (Status.PENDING_CONFIRMATION, (LARGE,))


async def test_all_reasons_are_kept(desk: Desk, records: Records) -> None:
    ada, bob = await known_pair(desk, funds="2000.00")
    for _ in range(4):
        await send(desk, ada, bob, "0.01")
    answer = await send(desk, ada, await person(desk), "500.01")
    assert answer.transaction.risk_reasons == (LARGE, NEW, RAPID)
    replayed = await confirm(desk, ada.wallet_id, answer.transaction.id)
    assert replayed.transaction.risk_reasons == (LARGE, NEW, RAPID)


async def test_reason_keeps_the_threshold_that_applied(desk: Desk) -> None:
    ada, bob = await known_pair(desk, funds="2000.00")
    key = new_key()
    await send(desk, ada, bob, "500.01", key=key)
    desk.clearing.terms = terms(large_transfer_threshold="USD:1.00,JPY:1")
    assert (await send(desk, ada, bob, "500.01", key=key)).transaction.risk_reasons == (LARGE,)


async def test_recipient_is_new_until_a_payment_to_them_is_completed(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    cancelled = await send(desk, ada, bob, "1.00")
    assert cancelled.transaction.risk_reasons == (NEW,)
    await cancel(desk, ada.wallet_id, cancelled.transaction.id)
    await send(desk, ada, bob, "1000.00")  # fails for lack of funds
    still_new = await send(desk, ada, bob, "1.00")
    assert still_new.transaction.risk_reasons == (NEW,)
    await confirm(desk, ada.wallet_id, still_new.transaction.id)
    assert (await send(desk, ada, bob, "1.00")).transaction.risk_reasons == ()


async def test_having_been_paid_by_somebody_does_not_make_them_known(desk: Desk) -> None:
    ada, bob = await known_pair(desk, funds="100.00")
    assert (await send(desk, bob, ada, "0.01")).transaction.risk_reasons == (NEW,)


async def test_sixth_payment_within_the_hour_is_rapid(desk: Desk, records: Records) -> None:
    ada, bob = await known_pair(desk, funds="100.00")
    for _ in range(4):
        assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED
    sixth = (await send(desk, ada, bob, "0.01")).transaction
    assert sixth.risk_reasons == (RAPID,)
    await cancel(desk, ada.wallet_id, sixth.id)
    await records.connection.execute(
        "update transactions set created_at = created_at - interval '61 minutes' "
        "where id = (select id from transactions where source_wallet_id = $1 and status = 'completed' limit 1)",
        ada.wallet_id,
    )
    assert (await send(desk, ada, bob, "0.01")).transaction.risk_reasons == ()


async def test_payments_that_wait_are_rapid_too_and_those_that_came_to_nothing_are_not(
    desk: Desk, records: Records
) -> None:
    ada, bob = await known_pair(desk, funds="3000.00")
    waiting = [(await send(desk, ada, bob, "500.01")).transaction for _ in range(3)]
    for _ in range(4):
        await send(desk, ada, bob, "9000.00")  # fails
        await pay_in(desk, ada, "1.00")
    assert (await send(desk, ada, bob, "0.01")).transaction.risk_reasons == ()  # the fifth
    assert (await send(desk, ada, bob, "0.01")).transaction.risk_reasons == (RAPID,)
    await cancel(desk, ada.wallet_id, waiting[0].id)
    await records.let_lapse(waiting[1].id)
    assert (await send(desk, ada, bob, "0.01")).transaction.risk_reasons == ()


async def test_rule_that_blocks_leaves_the_row_blocked_with_all_reasons(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(large_transfer_action="block")
    ada, bob = await people(desk, 2, funds="1000.00")
    answer = await send(desk, ada, bob, "500.01")
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "RISK_BLOCKED")
    assert answer.transaction.risk_reasons == (LARGE, NEW)
    assert answer.refusal is not None
    assert answer.refusal.code == "RISK_BLOCKED"
    assert await money(desk, ada) == (100_000, 0)
    assert await records.entries(answer.transaction.id) == {}


async def test_rule_that_is_off_is_no_reason(desk: Desk) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="1000.00")
    assert (await send(desk, ada, bob, "900.00")).transaction.risk_reasons == ()


async def test_rapid_count_above_a_thousand_is_off(desk: Desk) -> None:
    desk.clearing.terms = unguarded(rapid_transfer_action="confirm", rapid_transfer_count=1_001)
    assert not desk.clearing.terms.policy.counts_rapid
    ada, bob = await people(desk, 2, funds="1.00")
    for _ in range(7):
        assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


async def test_rapid_payments_in_one_unit_of_work_count_one_another(desk: Desk) -> None:
    desk.clearing.terms = unguarded(rapid_transfer_action="confirm", rapid_transfer_count=3)
    ada, bob = await people(desk, 2, funds="1.00")
    units = desk.clearing.counts.units
    answers = await asyncio.gather(*(send(desk, ada, bob, "0.01") for _ in range(6)))
    assert desk.clearing.counts.units - units < 6
    statuses = sorted(answer.transaction.status for answer in answers)
    assert statuses == [Status.COMPLETED] * 3 + [Status.PENDING_CONFIRMATION] * 3


# ---------------------------------------------------------------- what is refused and leaves nothing


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"amount": "0"}, "INVALID_AMOUNT", "amount"),
        ({"amount": "1.234"}, "INVALID_AMOUNT", "amount"),
        ({"amount": "10000000000.01"}, "INVALID_AMOUNT", "amount"),
        ({"description": "  "}, "INVALID_INPUT", "description"),
        ({"description": "x" * 501}, "INVALID_INPUT", "description"),
        ({"description": "a\x00b"}, "INVALID_INPUT", "description"),
        ({"key": "short"}, "INVALID_INPUT", "idempotencyKey"),
        ({"key": "x" * 256}, "INVALID_INPUT", "idempotencyKey"),
        ({"to": "nobody_at_all"}, "RECIPIENT_NOT_FOUND", "to"),
        ({"to": "@"}, "RECIPIENT_NOT_FOUND", "to"),
        ({"to": "not a name"}, "RECIPIENT_NOT_FOUND", "to"),
        ({"to": "\ud800\x00"}, "RECIPIENT_NOT_FOUND", "to"),
    ],
)
async def test_bad_input_changes_nothing(
    desk: Desk, records: Records, said: dict[str, str], code: str, field: str
) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    before = await records.checksum()
    asked = {"to": bob.username, "amount": "1.00"} | said
    refusal = await refused(desk, ada, asked.pop("to"), asked.pop("amount"), **asked)
    assert (refusal.code, refusal.field) == (code, field)
    assert await records.checksum() == before


async def test_nobody_pays_themself(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    before = await records.checksum()
    refusal = await refused(desk, ada, ada, "1.00")
    assert (refusal.code, refusal.field) == ("SELF_TRANSFER", "to")
    assert await records.checksum() == before


async def test_money_does_not_cross_currencies(desk: Desk, records: Records) -> None:
    ada, yuki = await person(desk, funds="100.00"), await person(desk, funds="100", currency="JPY")
    before = await records.checksum()
    for sender, to in ((ada, yuki), (yuki, ada)):
        refusal = await refused(desk, sender, to, "1")
        assert (refusal.code, refusal.field) == ("CURRENCY_MISMATCH", "to")
    assert await records.checksum() == before


async def test_closed_recipient_is_not_there(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    await records.close_wallet(bob)
    before = await records.checksum()
    assert (await refused(desk, ada, bob, "1.00")).code == "RECIPIENT_NOT_FOUND"
    assert await records.checksum() == before


async def test_recipient_frozen_for_all_is_not_there_and_one_frozen_for_debits_is_paid(
    desk: Desk, records: Records
) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    await records.freeze(bob, "all")
    before = await records.checksum()
    assert (await refused(desk, ada, bob, "1.00")).code == "RECIPIENT_NOT_FOUND"
    assert await records.checksum() == before
    await records.freeze(bob, "debits")
    assert (await send(desk, ada, bob, "1.00")).transaction.status is Status.COMPLETED


async def test_closed_wallet_pays_nothing(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    await records.close_wallet(ada)
    before = await records.checksum()
    refusal = await refused(desk, ada, bob, "1.00")
    assert (refusal.code, refusal.field) == ("WALLET_CLOSED", None)
    assert await records.checksum() == before


@pytest.mark.parametrize("what", ["debits", "all"])
async def test_transfer_from_a_frozen_wallet_stays_as_blocked(desk: Desk, records: Records, what: str) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    await records.freeze(ada, what)
    answer = await send(desk, ada, bob, "1.00")
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "WALLET_FROZEN")
    assert answer.refusal is not None
    assert answer.refusal.code == "WALLET_FROZEN"
    assert await records.entries(answer.transaction.id) == {}
    assert await money(desk, ada) == (10_000, 0)
    await records.freeze(ada, None)
    assert (await send(desk, ada, bob, "1.00")).refusal is None


async def test_at_most_so_many_payments_wait_and_safe_ones_still_go(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(pending_transfers=2, rapid_transfer_action="off")
    ada, bob = await known_pair(desk, funds="5000.00")
    held = [(await send(desk, ada, bob, "600.00")).transaction for _ in range(2)]
    before = await records.checksum()
    refusal = await refused(desk, ada, bob, "600.00")
    assert (refusal.code, refusal.field) == ("TOO_MANY_PENDING", None)
    assert await records.checksum() == before
    assert (await send(desk, ada, bob, "1.00")).transaction.status is Status.COMPLETED
    await cancel(desk, ada.wallet_id, held[0].id)
    assert (await send(desk, ada, bob, "600.00")).transaction.status is Status.PENDING_CONFIRMATION
    await records.let_lapse(held[1].id)
    assert (await send(desk, ada, bob, "600.00")).transaction.status is Status.PENDING_CONFIRMATION


async def test_no_more_than_twenty_wait_however_they_arrive(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    answers = await asyncio.gather(*(send(desk, ada, bob, "1.00") for _ in range(30)), return_exceptions=True)
    codes = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert codes == ["TOO_MANY_PENDING"] * 10
    assert await money(desk, ada) == (10_000, 2_000)


# ---------------------------------------------------------------- which refusal comes first


async def test_input_is_refused_before_the_recipient(desk: Desk) -> None:
    ada = await person(desk)
    assert (await refused(desk, ada, "nobody_at_all", "0")).code == "INVALID_AMOUNT"
    assert (await refused(desk, ada, "nobody_at_all", "1", description="")).code == "INVALID_INPUT"


async def test_missing_recipient_is_refused_before_oneself_frozen_and_poor(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    await records.freeze(ada, "all")
    assert (await refused(desk, ada, "nobody_at_all", "1")).code == "RECIPIENT_NOT_FOUND"
    assert (await refused(desk, ada, ada, "1")).code == "RECIPIENT_NOT_FOUND"


async def test_oneself_is_refused_before_frozen_and_poor(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    await records.freeze(ada, "debits")
    assert (await refused(desk, ada, ada, "1")).code == "SELF_TRANSFER"


@pytest.mark.parametrize("what", ["debits", "closed"])
async def test_currency_is_refused_before_frozen_closed_and_poor(desk: Desk, records: Records, what: str) -> None:
    ada, yuki = await person(desk), await person(desk, currency="JPY")
    await (records.close_wallet(ada) if what == "closed" else records.freeze(ada, what))
    assert (await refused(desk, ada, yuki, "1")).code == "CURRENCY_MISMATCH"


async def test_frozen_or_closed_is_refused_before_poor(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    await records.freeze(ada, "debits")
    assert (await refused(desk, ada, bob, "1")).code == "WALLET_FROZEN"
    await records.freeze(ada, None)
    await records.close_wallet(ada)
    assert (await refused(desk, ada, bob, "1")).code == "WALLET_CLOSED"


async def test_poor_is_refused_before_too_many_pending_and_rules(desk: Desk) -> None:
    desk.clearing.terms = terms(pending_transfers=1)
    ada, bob = await people(desk, 2, funds="1.00")
    await send(desk, ada, bob, "1.00")
    desk.clearing.terms = terms(pending_transfers=1, new_recipient_action="block")
    assert (await refused(desk, ada, bob, "1.00")).code == "INSUFFICIENT_FUNDS"


async def test_too_many_pending_is_refused_before_a_rule_that_blocks(desk: Desk) -> None:
    desk.clearing.terms = terms(pending_transfers=1)
    ada, bob = await people(desk, 2, funds="10.00")
    await send(desk, ada, bob, "1.00")
    desk.clearing.terms = terms(pending_transfers=1, new_recipient_action="block")
    assert (await refused(desk, ada, bob, "1.00")).code == "TOO_MANY_PENDING"


async def test_rule_that_blocks_wins_over_one_that_asks(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="1000.00")
    for severe in ({"new_recipient_action": "block"}, {"large_transfer_action": "block"}):
        desk.clearing.terms = terms(**severe)
        answer = await send(desk, ada, bob, "600.00")
        assert answer.transaction.status is Status.BLOCKED
        assert answer.transaction.risk_reasons == (LARGE, NEW)


# ---------------------------------------------------------------- asking twice


async def test_same_key_pays_once(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "10", key=key)
    after = await records.checksum()
    again = await send(desk, ada, bob, "10", key=key)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.transaction == first.transaction
    assert (again.balance, again.refusal) == (first.balance, None)
    assert await records.checksum() == after


async def test_same_said_otherwise_is_the_same(desk: Desk) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "10", key=key, description="Lunch")
    again = await send(desk, ada, f"@{bob.username.upper()}", "10.00", key=key, description=" Lunch ")
    assert again.replayed
    assert again.transaction.id == first.transaction.id


@pytest.mark.parametrize("other", [{"amount": "10.01"}, {"description": "Dinner"}, {"to": "nobody_at_all"}])
async def test_same_key_with_another_input_is_refused(desk: Desk, records: Records, other: dict[str, str]) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    await send(desk, ada, bob, "10", key=key)
    before = await records.checksum()
    asked = {"to": bob.username, "amount": "10"} | other
    refusal = await refused(desk, ada, asked.pop("to"), asked.pop("amount"), key=key, **asked)
    assert isinstance(refusal, KeyReused)
    assert (refusal.code, refusal.field) == ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    assert await records.checksum() == before


async def test_key_of_a_deposit_is_no_key_for_a_transfer(desk: Desk) -> None:
    ada, bob = await people(desk, 2)
    key = new_key()
    await pay_in(desk, ada, "10", key=key)
    assert isinstance(await refused(desk, ada, bob, "10", key=key), KeyReused)


async def test_keys_are_each_wallets_own(desk: Desk) -> None:
    desk.clearing.terms = unguarded()
    ada, bob, cyd = await people(desk, 3, funds="100.00")
    key = new_key()
    answers = [await send(desk, sender, cyd, "10", key=key) for sender in (ada, bob)]
    assert [answer.replayed for answer in answers] == [False, False]
    assert (await money(desk, cyd))[0] == 12_000


async def test_refusal_that_leaves_no_row_leaves_the_key_free(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    await records.freeze(bob, "all")
    with pytest.raises(RecipientNotFound):
        await send(desk, ada, bob, "10", key=key)
    await records.freeze(bob, None)
    answer = await send(desk, ada, bob, "10", key=key)
    assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)


async def test_what_cannot_be_parsed_is_refused_before_its_key_is_looked_at(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    await send(desk, ada, bob, "10", key=key)
    with pytest.raises(InvalidAmount):
        await send(desk, ada, bob, "0", key=key)
    with pytest.raises(InvalidInput):
        await send(desk, ada, bob, "10", key=key, description="")


async def test_replay_gives_the_first_refusal_again_though_the_money_is_there_now(
    desk: Desk, records: Records
) -> None:
    desk.clearing.terms = unguarded()
    ada, bob = await people(desk, 2, funds="10.00")
    key = new_key()
    first = await send(desk, ada, bob, "10.01", key=key)
    await pay_in(desk, ada, "100.00")
    again = await send(desk, ada, bob, "10.01", key=key)
    assert again.replayed
    assert again.transaction == first.transaction
    assert isinstance(again.refusal, InsufficientFunds)
    assert (again.refusal.required, again.refusal.available) == (Money(1_001, "USD"), Money(1_000, "USD"))
    assert again.balance.posted == Money(11_000, "USD")


@pytest.mark.parametrize(("kept", "frozen"), [(unguarded(), True), (terms(new_recipient_action="block"), False)])
async def test_replay_of_what_was_blocked_is_blocked(desk: Desk, records: Records, kept: Terms, frozen: bool) -> None:
    desk.clearing.terms = kept
    ada, bob = await people(desk, 2, funds="10.00")
    key = new_key()
    if frozen:
        await records.freeze(ada, "debits")
    first = await send(desk, ada, bob, "1.00", key=key)
    await records.freeze(ada, None)
    desk.clearing.terms = unguarded()
    again = await send(desk, ada, bob, "1.00", key=key)
    assert again.transaction == first.transaction
    assert again.refusal is not None
    assert first.refusal is not None
    assert again.refusal.code == first.refusal.code == again.transaction.failure_code


async def test_replay_comes_before_every_other_refusal(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "100.00", key=key)
    await confirm(desk, ada.wallet_id, first.transaction.id)
    await records.close_wallet(bob)
    await records.close_wallet(ada)
    again = await send(desk, ada, bob, "100.00", key=key)
    assert (again.replayed, again.refusal) == (True, None)
    assert again.transaction.status is Status.COMPLETED


async def test_replay_shows_the_transaction_and_the_wallet_as_they_are_now(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "10.00", key=key)
    confirmed = await confirm(desk, ada.wallet_id, first.transaction.id)
    await pay_in(desk, ada, "5.00")
    before = await records.checksum()
    again = await send(desk, ada, bob, "10.00", key=key)
    assert again.transaction == confirmed.transaction
    assert again.transaction.status is Status.COMPLETED
    assert again.balance == await balance(desk, ada)
    assert await records.checksum() == before


@pytest.mark.parametrize("how", ["sender frozen", "recipient gone", "blocked by a rule"])
async def test_replay_gives_the_first_errors_and_not_those_of_a_later_confirmation(
    desk: Desk, records: Records, how: str
) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "10.00", key=key)
    assert first.refusal is None
    if how == "sender frozen":
        await records.freeze(ada, "debits")
    elif how == "recipient gone":
        await records.close_wallet(bob)
    else:
        desk.clearing.terms = terms(new_recipient_action="block")
    ended = await confirm(desk, ada.wallet_id, first.transaction.id)
    assert ended.refusal is not None
    again = await send(desk, ada, bob, "10.00", key=key)
    assert again.transaction == ended.transaction
    assert (again.replayed, again.refusal) == (True, None)
