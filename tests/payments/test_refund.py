"""Refunds: the recipient of a payment can return it, never more than its amount."""

from datetime import timedelta

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import InsufficientFunds, RefundTooLarge
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from tests.payments.customers import (
    Person,
    Records,
    money,
    new_key,
    pay_in,
    pay_out,
    people,
    person,
    refund_payment,
    send,
    terms,
    without_risk_rules,
)


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


async def paid(desk: Desk, amount: str = "10.00") -> tuple[Person, Person, Transaction]:
    """Ada, Bob, and a payment from Ada to Bob. They have no other money."""
    ada, bob = await person(desk, funds=amount), await person(desk)
    return ada, bob, (await send(desk, ada, bob, amount)).transaction


async def refused(
    desk: Desk, refunder: Person, original: object, amount: str | None = None, **fields: str
) -> Refusal:
    """The refusal of a refund that leaves no row."""
    with pytest.raises(Refusal) as raised:
        await refund_payment(desk, refunder, original, amount, **fields)  # type: ignore[arg-type]
    return raised.value


async def test_a_refund_without_an_amount_returns_the_whole_payment(desk: Desk, records: Records) -> None:
    ada, bob, original = await paid(desk)
    answer = await refund_payment(desk, bob, original.id, reason="  Wrong size ")
    refund = answer.transaction
    assert (refund.type, refund.status, refund.refund_of) == (Type.REFUND, Status.COMPLETED, original.id)
    assert (refund.source_wallet_id, refund.destination_wallet_id) == (bob.wallet_id, ada.wallet_id)
    assert (refund.amount, refund.fee.minor, refund.description) == (original.amount, 0, "Wrong size")
    assert (answer.refusal, answer.replayed, answer.balance.posted.minor) == (None, False, 0)
    assert await records.entries(refund.id) == {bob.wallet_id: -1_000, ada.wallet_id: 1_000}
    assert (await money(desk, ada), await money(desk, bob)) == ((1_000, 0), (0, 0))


async def test_the_original_stays_completed_and_counts_what_was_refunded(desk: Desk, records: Records) -> None:
    ada, bob, original = await paid(desk)
    for given, so_far, version in (("2.50", 250, 2), ("0.01", 251, 3), (None, 1_000, 4)):
        answer = await refund_payment(desk, bob, original.id, given)
        row = await records.transaction(original.id)
        assert (row["status"], row["refunded"], row["version"]) == ("completed", so_far, version)
        assert row["updated_at"] == answer.transaction.completed_at
        assert row["completed_at"] == original.completed_at
    assert answer.transaction.amount.minor == 749
    assert (await money(desk, ada), await money(desk, bob)) == ((1_000, 0), (0, 0))


async def test_a_fully_refunded_payment_cannot_be_refunded_again(desk: Desk, records: Records) -> None:
    _, bob, original = await paid(desk)
    await refund_payment(desk, bob, original.id)
    await pay_in(desk, bob, "50.00")
    before = await records.checksum()
    for amount in (None, "0.01", "10.00", "11.00"):
        refusal = await refused(desk, bob, original.id, amount)
        assert (refusal.code, refusal.field) == ("ALREADY_REFUNDED", "transactionId")
    assert await records.checksum() == before


@pytest.mark.parametrize(("given", "asked", "left"), [(None, "10.01", 1_000), ("4.00", "6.01", 600)])
async def test_a_refund_above_the_remaining_amount_is_refused(
    desk: Desk, records: Records, given: str | None, asked: str, left: int
) -> None:
    _, bob, original = await paid(desk)
    if given is not None:
        await refund_payment(desk, bob, original.id, given)
    await pay_in(desk, bob, "50.00")
    before = await records.checksum()
    refusal = await refused(desk, bob, original.id, asked)
    assert isinstance(refusal, RefundTooLarge)
    assert (refusal.code, refusal.field, refusal.left.minor) == ("REFUND_TOO_LARGE", "amount", left)
    assert await records.checksum() == before


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"amount": "0"}, "INVALID_AMOUNT", "amount"),
        ({"amount": "1.001"}, "INVALID_AMOUNT", "amount"),
        ({"amount": "10000000000.01"}, "INVALID_AMOUNT", "amount"),
        ({"reason": ""}, "INVALID_INPUT", "reason"),
        ({"reason": " \t"}, "INVALID_INPUT", "reason"),
        ({"reason": "a\nb"}, "INVALID_INPUT", "reason"),
        ({"reason": "a" * 501}, "INVALID_INPUT", "reason"),
        ({"key": "short"}, "INVALID_INPUT", "idempotencyKey"),
        ({"key": "a" * 256}, "INVALID_INPUT", "idempotencyKey"),
    ],
)
async def test_invalid_input_is_refused_and_refunds_nothing(
    desk: Desk, records: Records, fields: dict[str, str], code: str, field: str
) -> None:
    _, bob, original = await paid(desk)
    before = await records.checksum()
    refusal = await refused(desk, bob, original.id, **fields)
    assert (refusal.code, refusal.field) == (code, field)
    assert await records.checksum() == before


async def test_only_the_recipient_of_a_completed_payment_can_refund_it(desk: Desk, records: Records) -> None:
    ada, bob, cyd = await people(desk, 3, funds="100.00")
    sent = (await send(desk, ada, bob, "1.00")).transaction.id
    failed = (await send(desk, ada, bob, "999.00")).transaction.id
    desk.clearing.terms = terms()
    held = (await send(desk, ada, cyd, "1.00")).transaction.id
    brought = (await pay_in(desk, ada, "1.00")).transaction.id
    out = (await pay_out(desk, ada, "1.00")).transaction.id
    back = (await refund_payment(desk, bob, sent, "0.10")).transaction.id
    before = await records.checksum()
    for who, what in (
        *((ada, sent), (cyd, sent), (bob, failed), (cyd, held), (ada, held), (ada, brought), (ada, out)),
        *((ada, back), (bob, back), (bob, uuids.uuid7()), (bob, None)),
    ):
        refusal = await refused(desk, who, what)
        assert (refusal.code, refusal.field) == ("NOT_FOUND", "transactionId")
    assert await records.checksum() == before


async def test_a_held_payment_can_be_refunded_after_it_is_confirmed(desk: Desk) -> None:
    desk.clearing.terms = terms()
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    held = (await send(desk, ada, bob, "10.00")).transaction
    await confirm(desk, ada.wallet_id, held.id)
    assert (await refund_payment(desk, bob, held.id)).transaction.status is Status.COMPLETED
    assert await money(desk, ada) == (1_000, 0)


# ---------------------------------------------------------------- the wallets of the two sides


async def test_a_refund_above_the_balance_is_stored_as_failed(desk: Desk, records: Records) -> None:
    _, bob, original = await paid(desk)
    await send(desk, bob, await person(desk), "9.99")
    key = new_key()
    for again in (False, True):
        answer = await refund_payment(desk, bob, original.id, key=key)
        assert (answer.transaction.status, answer.replayed) == (Status.FAILED, again)
        assert isinstance(answer.refusal, InsufficientFunds)
        assert (answer.refusal.required.minor, answer.refusal.available.minor) == (1_000, 1)
        assert answer.refusal.field == "amount"
    row = await records.transaction(original.id)
    assert (row["refunded"], row["version"]) == (0, 1)
    assert await records.entries(answer.transaction.id) == {}
    assert (await refund_payment(desk, bob, original.id, "0.01")).refusal is None


@pytest.mark.parametrize("what", ["debits", "all"])
async def test_a_refund_from_a_frozen_wallet_is_stored_as_blocked(desk: Desk, records: Records, what: str) -> None:
    _, bob, original = await paid(desk)
    await records.freeze(bob, what)
    answer = await refund_payment(desk, bob, original.id, "1.00")
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "WALLET_FROZEN")
    assert answer.refusal is not None
    assert (answer.refusal.code, answer.refusal.field) == ("WALLET_FROZEN", None)
    assert (await records.transaction(original.id))["refunded"] == 0
    assert await money(desk, bob) == (1_000, 0)


async def test_a_closed_wallet_cannot_refund(desk: Desk, records: Records) -> None:
    _, bob, original = await paid(desk)
    await records.close_wallet(bob)
    before = await records.checksum()
    assert (await refused(desk, bob, original.id)).code == "WALLET_CLOSED"
    assert await records.checksum() == before


@pytest.mark.parametrize("how", ["closed", "frozen for all"])
async def test_a_refund_to_a_closed_or_fully_frozen_payer_is_refused(desk: Desk, records: Records, how: str) -> None:
    ada, bob, original = await paid(desk)
    await (records.close_wallet(ada) if how == "closed" else records.freeze(ada, "all"))
    before = await records.checksum()
    refusal = await refused(desk, bob, original.id)
    assert (refusal.code, refusal.field) == ("RECIPIENT_NOT_FOUND", "transactionId")
    assert await records.checksum() == before


async def test_a_payer_frozen_for_debits_can_be_refunded(desk: Desk, records: Records) -> None:
    ada, bob, original = await paid(desk)
    await records.freeze(ada, "debits")
    assert (await refund_payment(desk, bob, original.id)).transaction.status is Status.COMPLETED


# ---------------------------------------------------------------- which refusal comes first


async def test_invalid_input_is_refused_before_an_unknown_payment(desk: Desk) -> None:
    bob = await person(desk)
    assert (await refused(desk, bob, None, "0")).code == "INVALID_AMOUNT"
    assert (await refused(desk, bob, uuids.uuid7(), reason="")).code == "INVALID_INPUT"


async def test_refund_refusals_come_in_order(desk: Desk, records: Records) -> None:
    ada, bob, original = await paid(desk)
    await send(desk, bob, await person(desk), "10.00")
    await records.close_wallet(ada)
    await records.freeze(bob, "debits")
    assert (await refused(desk, bob, original.id, "10.01")).code == "REFUND_TOO_LARGE"
    assert (await refused(desk, bob, original.id, "10.00")).code == "RECIPIENT_NOT_FOUND"
    await records.connection.execute("update wallets set status = 'active' where id = $1", ada.wallet_id)
    assert _code(await refund_payment(desk, bob, original.id)) == "WALLET_FROZEN"
    await records.freeze(bob, None)
    assert _code(await refund_payment(desk, bob, original.id)) == "INSUFFICIENT_FUNDS"


# ---------------------------------------------------------------- repeated refunds


async def test_repeating_a_refund_returns_the_first_outcome(desk: Desk, records: Records) -> None:
    ada, bob, original = await paid(desk)
    key = new_key()
    first = await refund_payment(desk, bob, original.id, "4.00", key=key)
    await send(desk, bob, ada, "6.00")
    before = await records.checksum()
    again = await refund_payment(desk, bob, original.id, "4", key=key, reason=" Sorry ")
    assert (again.transaction.id, again.replayed, again.refusal) == (first.transaction.id, True, None)
    assert again.balance.posted.minor == 0
    assert await records.checksum() == before


async def test_repeating_a_full_refund_returns_it_instead_of_already_refunded(desk: Desk) -> None:
    _, bob, original = await paid(desk)
    key = new_key()
    first = await refund_payment(desk, bob, original.id, key=key)
    assert (await refund_payment(desk, bob, original.id, key=key)).transaction == first.transaction


async def test_an_idempotency_key_is_valid_for_one_refund_only(desk: Desk, records: Records) -> None:
    ada, bob, original = await paid(desk)
    other = (await send(desk, bob, ada, "1.00")).transaction.id
    key = new_key()
    await refund_payment(desk, bob, original.id, "4.00", key=key)
    before = await records.checksum()
    for what, amount, reason in (
        *((original.id, "4.01", "Sorry"), (original.id, None, "Sorry"), (original.id, "4.00", "Sorry!")),
        *((other, "4.00", "Sorry"), (uuids.uuid7(), "4.00", "Sorry")),
    ):
        assert (await refused(desk, bob, what, amount, key=key, reason=reason)).code == "IDEMPOTENCY_KEY_REUSED"
    with pytest.raises(Refusal) as raised:
        await send(desk, bob, ada, "4.00", key=key)
    assert raised.value.code == "IDEMPOTENCY_KEY_REUSED"
    assert await records.checksum() == before


# ---------------------------------------------------------------- limits and risk rules


async def test_a_refund_follows_no_risk_rule_and_restores_the_payers_limit(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules(transfer_limit="USD:600.00,JPY:1")
    ada, bob = await people(desk, 2, funds="600.00")
    original = (await send(desk, ada, bob, "600.00")).transaction
    usage = "select amount from wallet_usage where wallet_id = $1 and kind = 'transfer'"
    desk.clearing.terms = terms(
        large_transfer_action="block",
        new_recipient_action="block",
        rapid_transfer_action="block",
        rapid_transfer_count=1,
        transfer_limit="USD:600.00,JPY:1",
    )
    for amount in ("590.00", "1.00"):
        back = (await refund_payment(desk, bob, original.id, amount)).transaction
        assert (back.status, back.risk_reasons) == (Status.COMPLETED, ())
    assert await records.connection.fetchval(usage, bob.wallet_id) is None
    assert await records.connection.fetchval(usage, ada.wallet_id) == 900
    desk.clearing.terms = without_risk_rules(transfer_limit="USD:600.00,JPY:1", rapid_transfer_action="block")
    assert (await send(desk, bob, ada, "600.00")).transaction.status is Status.COMPLETED
    assert (await send(desk, ada, bob, "591.00")).transaction.status is Status.COMPLETED
    with pytest.raises(Refusal) as raised:
        await send(desk, ada, bob, "0.01")
    assert raised.value.code == "LIMIT_EXCEEDED"


async def test_a_refund_does_not_make_its_recipient_known(desk: Desk) -> None:
    ada, bob, original = await paid(desk)
    await refund_payment(desk, bob, original.id, "5.00")
    desk.clearing.terms = terms()
    assert _reasons(await send(desk, bob, ada, "1.00")) == ["new_recipient"]


async def test_the_recipient_of_a_fully_refunded_payment_is_new_again(desk: Desk) -> None:
    ada, bob, original = await paid(desk)
    cyd, dan, other = await paid(desk)
    await pay_in(desk, ada, "1.00")
    await refund_payment(desk, bob, original.id, "9.99")
    await refund_payment(desk, dan, other.id)
    desk.clearing.terms = terms()
    assert _reasons(await send(desk, ada, bob, "1.00")) == []
    assert _reasons(await send(desk, cyd, dan, "1.00")) == ["new_recipient"]


async def test_the_recipient_of_another_payment_stays_known(desk: Desk) -> None:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    first, _ = [(await send(desk, ada, bob, "1.00")).transaction for _ in range(2)]
    await refund_payment(desk, bob, first.id)
    desk.clearing.terms = terms()
    assert _reasons(await send(desk, ada, bob, "1.00")) == []


async def test_a_refund_cannot_be_confirmed_or_cancelled(desk: Desk, records: Records) -> None:
    _, bob, original = await paid(desk)
    back = (await refund_payment(desk, bob, original.id)).transaction
    failed = (await refund_payment(desk, bob, (await paid_to(desk, bob)).id)).transaction
    before = await records.checksum()
    for what in (back, failed):
        for answer in (confirm, cancel):
            with pytest.raises(Refusal) as raised:
                await answer(desk, bob.wallet_id, what.id)
            assert raised.value.code == "NOT_FOUND"
    assert await records.checksum() == before


async def paid_to(desk: Desk, whom: Person) -> Transaction:
    """A payment of 1.00 to a user who has already spent it."""
    done = (await send(desk, await person(desk, funds="1.00"), whom, "1.00")).transaction
    await send(desk, whom, await person(desk), "1.00")
    return done


async def test_an_old_payment_can_be_refunded(desk: Desk, records: Records) -> None:
    _, bob, original = await paid(desk)
    await records.make_older(original.id, timedelta(days=400))
    assert (await refund_payment(desk, bob, original.id)).transaction.status is Status.COMPLETED


def _reasons(answer: Answer) -> list[str]:
    return [reason.rule for reason in answer.transaction.risk_reasons]


def _code(answer: Answer) -> str | None:
    return None if answer.refusal is None else answer.refusal.code
