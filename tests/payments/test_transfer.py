"""Transfers: their results, the refusals and the order of the refusals."""

import asyncio
import itertools
from datetime import timedelta

import pytest

from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.cancel import cancel
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import InsufficientFunds, InvalidAmount
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Type
from tests.payments.customers import (
    Person,
    Records,
    balance,
    known_pair,
    money,
    people,
    person,
    send,
    terms,
    without_risk_rules,
)


async def refused(desk: Desk, sender: Person, to: Person | str, amount: str, **more: str) -> Refusal:
    """The refusal of a transfer, raised or in its answer."""
    try:
        answer = await send(desk, sender, to, amount, **more)
    except Refusal as refusal:
        return refusal
    assert answer.refusal is not None, answer.transaction.status
    return answer.refusal


# ---------------------------------------------------------------- results


async def test_a_transfer_without_risk_is_completed_immediately(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
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


async def test_the_answer_has_the_senders_balance_after_the_transfer(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    before = await balance(desk, ada)
    answer = await send(desk, ada, bob, "12.50")
    assert answer.balance == await balance(desk, ada)
    assert answer.balance.posted == Money(8_750, "USD")
    assert answer.balance.version == before.version + 1


async def test_the_whole_balance_can_be_sent_and_not_a_cent_more(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    refusal = await refused(desk, ada, bob, "100.01")
    assert isinstance(refusal, InsufficientFunds)
    assert (refusal.required, refusal.available) == (Money(10_001, "USD"), Money(10_000, "USD"))
    assert (await send(desk, ada, bob, "100.00")).transaction.status is Status.COMPLETED
    assert await money(desk, ada) == (0, 0)
    assert isinstance(await refused(desk, ada, bob, "0.01"), InsufficientFunds)


async def test_a_transfer_above_the_balance_is_stored_as_failed(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    answer = await send(desk, ada, bob, "10.01")
    kept = await records.transaction(answer.transaction.id)
    assert (kept["status"], kept["failure_code"], kept["completed_at"]) == ("failed", "INSUFFICIENT_FUNDS", None)
    assert answer.transaction.status is Status.FAILED
    assert await records.entries(answer.transaction.id) == {}
    assert await money(desk, ada) == (1_000, 0)


async def test_a_risky_transfer_is_held_and_posts_no_entries(desk: Desk, records: Records) -> None:
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


async def test_a_held_payment_does_not_change_the_recipients_wallet(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    before = await balance(desk, bob)
    await send(desk, ada, bob, "60.00")
    assert await balance(desk, bob) == before


async def test_a_transfer_in_yen_has_no_decimals(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await person(desk, funds="1250", currency="JPY"), await person(desk, currency="JPY")
    answer = await send(desk, ada, bob, "1250")
    assert answer.transaction.amount == Money(1_250, "JPY")
    assert isinstance(await refused(desk, bob, ada, "12.50"), InvalidAmount)


async def test_a_transfer_is_never_dated_before_the_last_change_of_either_wallet(
    desk: Desk, records: Records
) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    ahead = await records.connection.fetchval(
        "update ledger_accounts set updated_at = clock_timestamp() + interval '4 seconds' where id = $1 "
        "returning updated_at",
        bob.wallet_id,
    )
    first = (await send(desk, ada, bob, "1.00")).transaction
    second = (await send(desk, ada, await person(desk), "1.00")).transaction
    assert first.created_at == ahead
    assert second.created_at >= first.created_at


async def test_entries_have_times_in_the_order_of_their_sequence_numbers(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
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


# ---------------------------------------------------------------- refusals, with or without a row


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"amount": "0"}, "INVALID_AMOUNT", "amount"),
        ({"amount": "1.234"}, "INVALID_AMOUNT", "amount"),
        ({"amount": "10000000000.01"}, "INVALID_AMOUNT", "amount"),
        ({"description": "\u200b"}, "INVALID_INPUT", "description"),
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
async def test_invalid_input_is_refused_and_transfers_nothing(
    desk: Desk, records: Records, fields: dict[str, str], code: str, field: str
) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    before = await records.checksum()
    inputs = {"to": bob.username, "amount": "1.00"} | fields
    refusal = await refused(desk, ada, inputs.pop("to"), inputs.pop("amount"), **inputs)
    assert (refusal.code, refusal.field) == (code, field)
    assert await records.checksum() == before


async def test_a_user_cannot_pay_themselves(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    before = await records.checksum()
    refusal = await refused(desk, ada, ada, "1.00")
    assert (refusal.code, refusal.field) == ("SELF_TRANSFER", "to")
    assert await records.checksum() == before


async def test_a_transfer_across_currencies_is_refused(desk: Desk, records: Records) -> None:
    ada, yuki = await person(desk, funds="100.00"), await person(desk, funds="100", currency="JPY")
    before = await records.checksum()
    for sender, to in ((ada, yuki), (yuki, ada)):
        refusal = await refused(desk, sender, to, "1")
        assert (refusal.code, refusal.field) == ("CURRENCY_MISMATCH", "to")
    assert await records.checksum() == before


async def test_a_closed_recipient_is_not_found(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    await records.close_wallet(bob)
    before = await records.checksum()
    assert (await refused(desk, ada, bob, "1.00")).code == "RECIPIENT_NOT_FOUND"
    assert await records.checksum() == before


async def test_a_recipient_with_freeze_all_is_not_found_and_one_with_freeze_debits_is_paid(
    desk: Desk, records: Records
) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    await records.freeze(bob, "all")
    before = await records.checksum()
    assert (await refused(desk, ada, bob, "1.00")).code == "RECIPIENT_NOT_FOUND"
    assert await records.checksum() == before
    await records.freeze(bob, "debits")
    assert (await send(desk, ada, bob, "1.00")).transaction.status is Status.COMPLETED


async def test_a_closed_wallet_cannot_pay(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    await records.close_wallet(ada)
    before = await records.checksum()
    refusal = await refused(desk, ada, bob, "1.00")
    assert (refusal.code, refusal.field) == ("WALLET_CLOSED", None)
    assert await records.checksum() == before


@pytest.mark.parametrize("what", ["debits", "all"])
async def test_a_transfer_from_a_frozen_wallet_is_stored_as_blocked(desk: Desk, records: Records, what: str) -> None:
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


async def test_too_many_pending_transfers_are_refused_but_not_transfers_without_risk(
    desk: Desk, records: Records
) -> None:
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
    await records.make_overdue(held[1].id)
    assert (await send(desk, ada, bob, "600.00")).transaction.status is Status.PENDING_CONFIRMATION


async def test_concurrent_transfers_leave_at_most_twenty_pending(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    answers = await asyncio.gather(*(send(desk, ada, bob, "1.00") for _ in range(30)), return_exceptions=True)
    codes = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert codes == ["TOO_MANY_PENDING"] * 10
    assert await money(desk, ada) == (10_000, 2_000)


# ---------------------------------------------------------------- which refusal comes first


async def test_invalid_input_is_refused_before_an_unknown_recipient(desk: Desk) -> None:
    ada = await person(desk)
    assert (await refused(desk, ada, "nobody_at_all", "0")).code == "INVALID_AMOUNT"
    assert (await refused(desk, ada, "nobody_at_all", "1", description="a\nb")).code == "INVALID_INPUT"


async def test_an_unknown_recipient_is_refused_before_a_transfer_to_oneself(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    await records.freeze(ada, "all")
    assert (await refused(desk, ada, "nobody_at_all", "1")).code == "RECIPIENT_NOT_FOUND"
    assert (await refused(desk, ada, ada, "1")).code == "RECIPIENT_NOT_FOUND"


async def test_a_transfer_to_oneself_is_refused_before_a_frozen_wallet(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    await records.freeze(ada, "debits")
    assert (await refused(desk, ada, ada, "1")).code == "SELF_TRANSFER"


@pytest.mark.parametrize("what", ["debits", "closed"])
async def test_another_currency_is_refused_before_a_frozen_or_closed_wallet(
    desk: Desk, records: Records, what: str
) -> None:
    ada, yuki = await person(desk), await person(desk, currency="JPY")
    await (records.close_wallet(ada) if what == "closed" else records.freeze(ada, what))
    assert (await refused(desk, ada, yuki, "1")).code == "CURRENCY_MISMATCH"


async def test_a_frozen_or_closed_wallet_is_refused_before_missing_funds(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    await records.freeze(ada, "debits")
    assert (await refused(desk, ada, bob, "1")).code == "WALLET_FROZEN"
    await records.freeze(ada, None)
    await records.close_wallet(ada)
    assert (await refused(desk, ada, bob, "1")).code == "WALLET_CLOSED"


async def test_missing_funds_are_refused_before_too_many_pending_and_risk_rules(desk: Desk) -> None:
    desk.clearing.terms = terms(pending_transfers=1)
    ada, bob = await people(desk, 2, funds="1.00")
    await send(desk, ada, bob, "1.00")
    desk.clearing.terms = terms(pending_transfers=1, new_recipient_action="block")
    assert (await refused(desk, ada, bob, "1.00")).code == "INSUFFICIENT_FUNDS"


async def test_too_many_pending_is_refused_before_a_risk_rule_that_blocks(desk: Desk) -> None:
    desk.clearing.terms = terms(pending_transfers=1)
    ada, bob = await people(desk, 2, funds="10.00")
    await send(desk, ada, bob, "1.00")
    desk.clearing.terms = terms(pending_transfers=1, new_recipient_action="block")
    assert (await refused(desk, ada, bob, "1.00")).code == "TOO_MANY_PENDING"
