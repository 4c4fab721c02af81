"""Cancelling a held payment releases its money to the sender, once."""

import pytest
import uuid_utils.compat as uuids

from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction
from tests.payments.customers import Person, Records, balance, money, pay_in, people, person, send, without_risk_rules


async def held(desk: Desk) -> tuple[Person, Person, Transaction]:
    ada, bob = await person(desk, funds="100.00"), await person(desk)
    return ada, bob, (await send(desk, ada, bob, "40.00")).transaction


async def test_a_cancelled_transfer_releases_the_held_money(desk: Desk, records: Records) -> None:
    ada, bob, waiting = await held(desk)
    before = await balance(desk, ada)
    answer = await cancel(desk, ada.wallet_id, waiting.id)
    ended = answer.transaction
    assert (ended.status, ended.version, ended.failure_code) == (Status.CANCELLED, 2, None)
    assert (answer.refusal, answer.replayed) == (None, False)
    assert ended.completed_at is None
    assert waiting.updated_at < ended.updated_at
    assert await records.entries(waiting.id) == {}
    assert (await money(desk, ada), await money(desk, bob)) == ((10_000, 0), (0, 0))
    assert answer.balance == await balance(desk, ada)
    assert answer.balance.version == before.version + 1


async def test_repeating_a_cancellation_returns_the_same_state(desk: Desk, records: Records) -> None:
    ada, _, waiting = await held(desk)
    first = await cancel(desk, ada.wallet_id, waiting.id)
    before = await records.checksum()
    again = await cancel(desk, ada.wallet_id, waiting.id)
    assert (again.transaction, again.balance, again.refusal) == (first.transaction, first.balance, None)
    assert await records.checksum() == before


async def test_only_the_sender_can_cancel(desk: Desk, records: Records) -> None:
    _, bob, waiting = await held(desk)
    stranger = await person(desk)
    before = await records.checksum()
    for who in (bob, stranger):
        with pytest.raises(NotFound):
            await cancel(desk, who.wallet_id, waiting.id)
    assert await records.checksum() == before


async def test_unknown_ids_and_deposits_are_not_found(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    deposited = (await pay_in(desk, ada, "1.00")).transaction
    for transaction_id in (deposited.id, uuids.uuid7()):
        with pytest.raises(NotFound):
            await cancel(desk, ada.wallet_id, transaction_id)


async def test_a_completed_payment_cannot_be_cancelled(desk: Desk, records: Records) -> None:
    ada, _, waiting = await held(desk)
    await confirm(desk, ada.wallet_id, waiting.id)
    desk.clearing.terms = without_risk_rules()
    at_once = (await send(desk, ada, await person(desk), "1.00")).transaction
    before = await records.checksum()
    for transaction in (waiting, at_once):
        with pytest.raises(WrongState) as refusal:
            await cancel(desk, ada.wallet_id, transaction.id)
        assert (refusal.value.status, refusal.value.field) == (Status.COMPLETED, "id")
    assert await records.checksum() == before


async def test_an_overdue_payment_expires_and_is_not_cancelled(desk: Desk, records: Records) -> None:
    ada, _, waiting = await held(desk)
    await records.make_overdue(waiting.id)
    with pytest.raises(WrongState) as refusal:
        await cancel(desk, ada.wallet_id, waiting.id)
    assert refusal.value.status is Status.EXPIRED
    assert await money(desk, ada) == (10_000, 0)


async def test_blocked_and_failed_payments_cannot_be_cancelled(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    failed = (await send(desk, ada, bob, "1.00")).transaction
    await records.freeze(ada, "debits")
    blocked = (await send(desk, ada, bob, "1.00")).transaction
    for transaction in (failed, blocked):
        with pytest.raises(WrongState) as refusal:
            await cancel(desk, ada.wallet_id, transaction.id)
        assert refusal.value.status is transaction.status


@pytest.mark.parametrize("what", ["debits", "all"])
async def test_a_frozen_sender_can_cancel(desk: Desk, records: Records, what: str) -> None:
    ada, _, waiting = await held(desk)
    await records.freeze(ada, what)
    assert (await cancel(desk, ada.wallet_id, waiting.id)).transaction.status is Status.CANCELLED
    assert await money(desk, ada) == (10_000, 0)


async def test_cancelling_releases_only_the_money_of_that_payment(desk: Desk) -> None:
    ada, bob, waiting = await held(desk)
    other = (await send(desk, ada, bob, "25.00")).transaction
    await cancel(desk, ada.wallet_id, waiting.id)
    assert await money(desk, ada) == (10_000, 2_500)
    await confirm(desk, ada.wallet_id, other.id)
    assert (await money(desk, ada), await money(desk, bob)) == ((7_500, 0), (2_500, 0))
