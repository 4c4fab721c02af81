"""Confirming a held payment: who may confirm it, which rules are checked again, and what repeating it does."""

import pytest
import uuid_utils.compat as uuids

from pocketpay.errors import Refusal
from pocketpay.payments.cancel import Cancel, cancel
from pocketpay.payments.confirm import Confirm, confirm
from pocketpay.payments.desk import Desk
from pocketpay.risk.large_transfer import LargeTransfer
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction
from tests.payments.customers import (
    Person,
    Records,
    balance,
    money,
    pay_in,
    people,
    person,
    send,
    terms,
    without_risk_rules,
)


async def held(desk: Desk, amount: str = "40.00") -> tuple[Person, Person, Transaction]:
    """A held payment, its sender with 100.00 and its recipient with nothing."""
    ada, bob = await person(desk, funds="100.00"), await person(desk)
    waiting = (await send(desk, ada, bob, amount)).transaction
    assert waiting.status is Status.PENDING_CONFIRMATION
    return ada, bob, waiting


async def refused(desk: Desk, who: Person, transaction: Transaction) -> Refusal:
    with pytest.raises(Refusal) as raised:
        await confirm(desk, who.wallet_id, transaction.id)
    return raised.value


async def test_a_confirmed_transfer_moves_the_held_money(desk: Desk, records: Records) -> None:
    ada, bob, waiting = await held(desk)
    answer = await confirm(desk, ada.wallet_id, waiting.id)
    done = answer.transaction
    assert (done.status, done.version, answer.refusal, answer.replayed) == (Status.COMPLETED, 2, None, False)
    assert await records.entries(done.id) == {ada.wallet_id: -4_000, bob.wallet_id: 4_000}
    assert (await money(desk, ada), await money(desk, bob)) == ((6_000, 0), (4_000, 0))


async def test_the_instructions_refuse_confirmation_by_anybody_but_the_sender(desk: Desk) -> None:
    ada, bob, waiting = await held(desk)
    for whose in (bob, await person(desk)):
        for answer in (Confirm(whose.wallet_id, bob.wallet_id, waiting.id), Cancel(whose.wallet_id, waiting.id)):
            with pytest.raises(NotFound):
                await desk.submit(answer)
    assert await money(desk, ada) == (10_000, 4_000)


async def test_a_confirmation_keeps_the_payment_and_its_risk_reasons(desk: Desk) -> None:
    ada, _, waiting = await held(desk)
    done = (await confirm(desk, ada.wallet_id, waiting.id)).transaction
    same = ("id", "type", "source_wallet_id", "destination_wallet_id", "amount", "fee", "description", "created_at")
    assert [getattr(done, name) for name in same] == [getattr(waiting, name) for name in same]
    assert (done.risk_reasons, done.expires_at) == (waiting.risk_reasons, waiting.expires_at)
    assert waiting.created_at == waiting.updated_at < done.updated_at
    assert done.updated_at == done.completed_at


async def test_the_answer_has_the_senders_balance_one_version_later(desk: Desk) -> None:
    ada, _, waiting = await held(desk)
    before = await balance(desk, ada)
    answer = await confirm(desk, ada.wallet_id, waiting.id)
    assert answer.balance == await balance(desk, ada)
    assert answer.balance.version == before.version + 1
    assert answer.balance.available == before.available


async def test_a_payment_of_the_whole_balance_can_be_confirmed(desk: Desk) -> None:
    ada, bob, waiting = await held(desk, "100.00")
    assert (await balance(desk, ada)).available.minor == 0
    assert (await confirm(desk, ada.wallet_id, waiting.id)).transaction.status is Status.COMPLETED
    assert (await money(desk, ada), await money(desk, bob)) == ((0, 0), (10_000, 0))


async def test_rules_that_require_confirmation_do_not_require_it_again(desk: Desk) -> None:
    ada, _, waiting = await held(desk)
    desk.clearing.terms = terms(large_transfer_threshold="USD:1.00,JPY:1", rapid_transfer_count=1)
    assert (await confirm(desk, ada.wallet_id, waiting.id)).transaction.status is Status.COMPLETED


async def test_repeating_a_confirmation_returns_the_same_state(desk: Desk, records: Records) -> None:
    ada, _, waiting = await held(desk)
    first = await confirm(desk, ada.wallet_id, waiting.id)
    before = await records.checksum()
    again = await confirm(desk, ada.wallet_id, waiting.id)
    assert (again.transaction, again.balance) == (first.transaction, first.balance)
    assert again.refusal is None
    assert await records.checksum() == before


async def test_only_the_sender_can_confirm(desk: Desk, records: Records) -> None:
    _, bob, waiting = await held(desk)
    stranger = await person(desk)
    before = await records.checksum()
    for who in (bob, stranger):
        assert isinstance(await refused(desk, who, waiting), NotFound)
    assert await records.checksum() == before


async def test_unknown_ids_and_deposits_are_not_found(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    deposited = (await pay_in(desk, ada, "1.00")).transaction
    before = await records.checksum()
    assert isinstance(await refused(desk, ada, deposited), NotFound)
    with pytest.raises(NotFound) as refusal:
        await confirm(desk, ada.wallet_id, uuids.uuid7())
    assert (refusal.value.code, refusal.value.field) == ("NOT_FOUND", "id")
    assert await records.checksum() == before


async def test_confirming_a_payment_that_was_never_held_changes_nothing(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="10.00")
    done = (await send(desk, ada, bob, "1.00")).transaction
    before = await records.checksum()
    assert (await confirm(desk, ada.wallet_id, done.id)).transaction == done
    assert await records.checksum() == before


async def test_a_cancelled_payment_cannot_be_confirmed(desk: Desk, records: Records) -> None:
    ada, _, waiting = await held(desk)
    await cancel(desk, ada.wallet_id, waiting.id)
    before = await records.checksum()
    refusal = await refused(desk, ada, waiting)
    assert isinstance(refusal, WrongState)
    assert (refusal.code, refusal.field, refusal.status) == ("WRONG_STATE", "id", Status.CANCELLED)
    assert await records.checksum() == before


async def test_a_failed_payment_cannot_be_confirmed(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    failed = (await send(desk, ada, bob, "1.00")).transaction
    before = await records.checksum()
    refusal = await refused(desk, ada, failed)
    assert isinstance(refusal, WrongState)
    assert refusal.status is Status.FAILED
    assert await records.checksum() == before


async def test_an_overdue_payment_expires_and_its_money_is_released(desk: Desk, records: Records) -> None:
    ada, bob, waiting = await held(desk)
    await records.make_overdue(waiting.id)
    refusal = await refused(desk, ada, waiting)
    assert isinstance(refusal, WrongState)
    assert refusal.status is Status.EXPIRED
    assert (await records.transaction(waiting.id))["status"] == "expired"
    assert (await money(desk, ada), await money(desk, bob)) == ((10_000, 0), (0, 0))


@pytest.mark.parametrize("what", ["debits", "all"])
async def test_confirming_a_payment_of_a_frozen_sender_blocks_it_and_releases_its_money(
    desk: Desk, records: Records, what: str
) -> None:
    ada, bob, waiting = await held(desk)
    await records.freeze(ada, what)
    answer = await confirm(desk, ada.wallet_id, waiting.id)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "WALLET_FROZEN")
    assert answer.refusal is not None
    assert answer.refusal.code == "WALLET_FROZEN"
    assert (await money(desk, ada), await money(desk, bob)) == ((10_000, 0), (0, 0))
    assert await records.entries(waiting.id) == {}


@pytest.mark.parametrize("state", ["all", "closed"])
async def test_confirming_a_payment_to_a_closed_recipient_fails_it_and_releases_its_money(
    desk: Desk, records: Records, state: str
) -> None:
    ada, bob, waiting = await held(desk)
    await (records.close_wallet(bob) if state == "closed" else records.freeze(bob, state))
    answer = await confirm(desk, ada.wallet_id, waiting.id)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.FAILED, "RECIPIENT_NOT_FOUND")
    assert answer.refusal is not None
    assert answer.refusal.code == "RECIPIENT_NOT_FOUND"
    assert (await money(desk, ada), await money(desk, bob)) == ((10_000, 0), (0, 0))
    assert await records.entries(waiting.id) == {}


async def test_confirming_a_payment_to_a_recipient_frozen_for_debits_completes_it(
    desk: Desk, records: Records
) -> None:
    ada, bob, waiting = await held(desk)
    await records.freeze(bob, "debits")
    assert (await confirm(desk, ada.wallet_id, waiting.id)).transaction.status is Status.COMPLETED


async def test_the_sender_is_checked_before_the_recipient(desk: Desk, records: Records) -> None:
    ada, bob, waiting = await held(desk)
    await records.freeze(ada, "debits")
    await records.close_wallet(bob)
    assert (await confirm(desk, ada.wallet_id, waiting.id)).transaction.failure_code == "WALLET_FROZEN"


async def test_a_confirmation_blocked_by_a_rule_releases_the_held_money(desk: Desk, records: Records) -> None:
    ada, bob, waiting = await held(desk)
    desk.clearing.terms = terms(large_transfer_threshold="USD:1.00,JPY:1", large_transfer_action="block")
    answer = await confirm(desk, ada.wallet_id, waiting.id)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "RISK_BLOCKED")
    assert [reason.rule for reason in answer.transaction.risk_reasons] == [LargeTransfer.name, NewRecipient.name]
    assert answer.refusal is not None
    assert answer.refusal.code == "RISK_BLOCKED"
    assert (await money(desk, ada), await money(desk, bob)) == ((10_000, 0), (0, 0))
    assert await records.entries(waiting.id) == {}


async def test_a_payment_does_not_count_itself_as_rapid(desk: Desk) -> None:
    ada, _, waiting = await held(desk)
    desk.clearing.terms = without_risk_rules(rapid_transfer_action="block", rapid_transfer_count=1)
    assert (await confirm(desk, ada.wallet_id, waiting.id)).transaction.status is Status.COMPLETED


async def test_payments_made_before_the_confirmation_count_as_rapid(desk: Desk) -> None:
    ada, bob, waiting = await held(desk)
    later = (await send(desk, ada, bob, "1.00")).transaction
    desk.clearing.terms = without_risk_rules(rapid_transfer_action="block", rapid_transfer_count=1)
    assert (await confirm(desk, ada.wallet_id, waiting.id)).transaction.failure_code == "RISK_BLOCKED"
    assert (await confirm(desk, ada.wallet_id, later.id)).transaction.status is Status.COMPLETED


@pytest.mark.parametrize("how", ["sender frozen", "recipient closed", "rule blocks"])
async def test_a_payment_ended_by_its_confirmation_cannot_be_confirmed_again(
    desk: Desk, records: Records, how: str
) -> None:
    ada, bob, waiting = await held(desk)
    if how == "sender frozen":
        await records.freeze(ada, "debits")
    elif how == "recipient closed":
        await records.close_wallet(bob)
    else:
        desk.clearing.terms = terms(new_recipient_action="block")
    ended = (await confirm(desk, ada.wallet_id, waiting.id)).transaction
    await records.freeze(ada, None)
    before = await records.checksum()
    refusal = await refused(desk, ada, waiting)
    assert isinstance(refusal, WrongState)
    assert refusal.status is ended.status
    assert await records.checksum() == before
