"""Each rule refuses on its own what the code before it also refuses: another person's payment, request or card.

A verb looks up an id before it queues its instruction, and refuses what is not the caller's. The rule must not depend
on that, because it is the one that runs under the lock.
"""

from dataclasses import replace

import pytest
import uuid_utils.compat as uuids

from pocketpay.banking.bank import LinkState, LinkStatus
from pocketpay.cards.card import CardStatus
from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.expire import Expire
from pocketpay.clearing.instruction import Instruction
from pocketpay.money import Money
from pocketpay.operations.reverse_transaction import Reverse
from pocketpay.operator_log.act import Operator
from pocketpay.payments import cancel, cancel_request, confirm, decline_request
from pocketpay.payments.cancel import Cancel
from pocketpay.payments.cancel_request import CancelRequest
from pocketpay.payments.card_standing import with_status
from pocketpay.payments.confirm import Confirm
from pocketpay.payments.create_requests import CreateRequests, Share
from pocketpay.payments.decline_request import DeclineRequest
from pocketpay.payments.deposit import AcceptDeposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.end_unpayable_request import EndUnpayableRequest
from pocketpay.payments.fees import Speed
from pocketpay.payments.other_bank import OtherBank
from pocketpay.payments.pay_request import PayRequest
from pocketpay.payments.refund import Refund, refund
from pocketpay.payments.remove_bank_account import RemoveBankAccount
from pocketpay.payments.settle import Settle
from pocketpay.payments.simulate_card_payment import CardPayment
from pocketpay.payments.transfer import Transfer
from pocketpay.payments.update_bank_account import UpdateBankAccount
from pocketpay.payments.withdraw import AcceptWithdrawal
from pocketpay.requests.errors import PayerNotFound
from pocketpay.requests.money_request import RequestStatus
from pocketpay.transactions.errors import (
    CurrencyMismatch,
    NotFound,
    PayerGone,
    RecipientNotFound,
    SelfTransfer,
    WrongState,
)
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.transaction import Type
from pocketpay.wallets.balance import WalletStatus
from tests.payments.books import ADA, BOB, EVE, added, bank_account, book, card, held, key, payment, request
from tests.payments.customers import new_key, new_money_request, people, send, terms

UNKNOWN = uuids.uuid7()


def refuses(here: Book, instruction: Instruction, why: type[Exception] = NotFound) -> None:
    with pytest.raises(why):
        instruction.decide(here)


def test_a_payment_that_does_not_exist_is_not_found() -> None:
    for instruction in (
        Cancel(ADA, UNKNOWN),
        Confirm(ADA, BOB, UNKNOWN),
        Expire(ADA, UNKNOWN),
        Settle(ADA, UNKNOWN, settled=True),
        Refund(uuids.uuid7(), BOB, ADA, UNKNOWN, None, "why", key(BOB)),
        Reverse(uuids.uuid7(), uuids.uuid7(), BOB, ADA, UNKNOWN, "why", Operator(None, "test")),
        PayRequest(uuids.uuid7(), ADA, UNKNOWN, None, key()),
    ):
        refuses(book(), instruction)


def test_only_the_sender_may_cancel_or_confirm_a_held_payment() -> None:
    here = book()
    waiting = held(here)
    for wallet_id in (BOB, EVE):
        refuses(here, Cancel(wallet_id, waiting.id))
        refuses(here, Confirm(wallet_id, BOB, waiting.id))
        refuses(here, Expire(wallet_id, waiting.id))


@pytest.mark.parametrize("status", [Status.CREATED, Status.COMPLETED])
def test_only_payments_between_people_are_cancelled_or_confirmed(status: Status) -> None:
    here = book()
    others = (
        payment(status, Type.WITHDRAWAL, to=None),
        payment(status, Type.REFUND),
        payment(status, Type.CARD, to=None),
        payment(status, Type.DEPOSIT, source=None, to=ADA),
    )
    for other in others:
        added(here, other)
        refuses(here, Cancel(ADA, other.id))
        refuses(here, Confirm(ADA, other.destination_wallet_id, other.id))


def test_only_deposits_and_withdrawals_are_settled() -> None:
    here = book()
    for type in (Type.SEND, Type.REFUND, Type.CARD):
        other = added(here, payment(Status.CREATED, type, to=None if type is Type.CARD else BOB))
        refuses(here, Settle(ADA, other.id, settled=True))


def test_only_the_recipient_may_refund_a_completed_payment() -> None:
    here = book()

    def refund_of(wallet_id: object, original: object) -> Refund:
        return Refund(uuids.uuid7(), wallet_id, ADA, original, None, "why", key(wallet_id))  # type: ignore[arg-type]

    paid = added(here, payment(Status.COMPLETED))
    for wallet_id in (ADA, EVE):
        refuses(here, refund_of(wallet_id, paid.id))
    for other in (held(here), payment(Status.COMPLETED, Type.REFUND), payment(Status.COMPLETED, Type.DEPOSIT)):
        refuses(here, refund_of(BOB, added(here, other).id))


def test_a_payment_without_a_known_payer_is_not_refunded() -> None:
    here = book()
    paid = added(here, payment(Status.COMPLETED))
    refuses(here, Refund(uuids.uuid7(), BOB, None, paid.id, None, "why", key(BOB)), PayerGone)


def test_only_the_requester_cancels_a_request_and_only_the_payer_declines_or_pays_it() -> None:
    here = book()
    asked = request(here)
    for wallet_id in (ADA, EVE):
        refuses(here, CancelRequest(wallet_id, ADA, asked.id))
    refuses(here, CancelRequest(BOB, EVE, asked.id))
    for wallet_id in (BOB, EVE):
        refuses(here, DeclineRequest(wallet_id, asked.id))
        refuses(here, PayRequest(uuids.uuid7(), wallet_id, asked.id, None, key(wallet_id)))


def test_a_request_is_visible_to_its_two_sides_only() -> None:
    here = book()
    asked = request(here)
    assert [money_requests.visible(here, asked.id, side) for side in (ADA, BOB)] == [asked, asked]
    for request_id, wallet_id in ((asked.id, EVE), (UNKNOWN, ADA)):
        with pytest.raises(NotFound):
            money_requests.visible(here, request_id, wallet_id)


def test_a_request_that_has_ended_is_not_paid_and_its_held_payment_is_not_confirmed() -> None:
    here = book()
    asked = request(here, RequestStatus.CANCELLED)
    refuses(here, PayRequest(uuids.uuid7(), ADA, asked.id, None, key()), WrongState)
    waiting = replace(held(here, Type.REQUEST), request_id=asked.id)
    here.transactions[waiting.id] = waiting
    refuses(here, Confirm(ADA, BOB, waiting.id), WrongState)


def test_a_request_with_a_held_payment_is_not_paid_again() -> None:
    here = book()
    asked = request(here)
    added(here, replace(payment(Status.PENDING_CONFIRMATION, Type.REQUEST), request_id=asked.id))
    refuses(here, PayRequest(uuids.uuid7(), ADA, asked.id, None, key()), WrongState)


def test_a_card_is_used_and_changed_by_its_owner_only() -> None:
    here = book()
    own = card(here)
    for wallet_id in (BOB, EVE):
        refuses(here, CardPayment(uuids.uuid7(), wallet_id, own.id, Money(1, "USD"), "Shop", key(wallet_id)))
        with pytest.raises(NotFound):
            with_status(here, own.id, wallet_id, CardStatus.FROZEN)


def test_a_transfer_needs_a_recipient_that_exists_and_is_somebody_else() -> None:
    def transfer(payee_id: object) -> Transfer:
        return Transfer(uuids.uuid7(), ADA, payee_id, Money(1, "USD"), "Lunch", key())  # type: ignore[arg-type]

    refuses(book(), transfer(None), RecipientNotFound)
    refuses(book(), transfer(UNKNOWN), RecipientNotFound)
    refuses(book(), transfer(ADA), SelfTransfer)


def test_a_request_needs_a_payer_that_exists_and_is_somebody_else() -> None:
    def create(payer_id: object) -> CreateRequests:
        share = Share(uuids.uuid7(), "bob", payer_id, Money(1, "USD"))  # type: ignore[arg-type]
        return CreateRequests(ADA, (share,), "Lunch", key(), field="from")

    refuses(book(), create(None), PayerNotFound)
    refuses(book(), create(UNKNOWN), PayerNotFound)
    refuses(book(), create(ADA), SelfTransfer)


@pytest.mark.parametrize("status", [status for status in RequestStatus if status is not RequestStatus.PENDING])
def test_a_request_that_has_ended_stays_as_it_is_when_a_wallet_is_closed(status: RequestStatus) -> None:
    here = book()
    asked = request(here, status)
    here.standings[BOB] = replace(here.standings[BOB], status=WalletStatus.CLOSED)
    outcome = EndUnpayableRequest(ADA, BOB, asked.id).decide(here)
    assert not outcome.changed
    assert outcome.status is status


def test_a_request_of_a_closed_wallet_is_cancelled_and_one_of_open_wallets_stays() -> None:
    here = book()
    asked = request(here)
    assert not EndUnpayableRequest(ADA, BOB, asked.id).decide(here).changed
    here.standings[BOB] = replace(here.standings[BOB], status=WalletStatus.CLOSED)
    assert EndUnpayableRequest(ADA, BOB, asked.id).decide(here).status is RequestStatus.CANCELLED


async def test_another_persons_payment_or_request_is_refused_without_a_unit_of_work(desk: Desk) -> None:
    desk.clearing.terms = terms()
    ada, bob, eve = await people(desk, 3, funds="10.00")
    waiting = (await send(desk, ada, bob, "1.00")).transaction
    asked = await new_money_request(desk, ada, bob, "1.00")
    assert waiting.status is Status.PENDING_CONFIRMATION
    before = desk.clearing.counts.instructions
    for stranger in (bob, eve):
        for verb in (cancel.cancel, confirm.confirm):
            with pytest.raises(NotFound):
                await verb(desk, stranger.wallet_id, waiting.id)
        with pytest.raises(NotFound):
            await cancel_request.cancel_request(desk, stranger.wallet_id, asked.id)
    for stranger in (ada, eve):
        with pytest.raises(NotFound):
            await decline_request.decline_request(desk, stranger.wallet_id, asked.id)
    for request_verb in (
        cancel_request.cancel_request,
        decline_request.decline_request,
        cancel.cancel,
        confirm.confirm,
    ):
        with pytest.raises(NotFound):
            await request_verb(desk, ada.wallet_id, uuids.uuid7())
    with pytest.raises(NotFound):
        await refund(desk, ada.wallet_id, None, raw_amount=None, raw_reason="why", raw_key=new_key())
    assert desk.clearing.counts.instructions == before


def test_a_bank_account_in_another_currency_cannot_be_used() -> None:
    here = book()
    euros = bank_account(here, currency="EUR")
    other, amount = OtherBank("", euros.id), Money(100, "USD")
    for order in (
        AcceptDeposit(uuids.uuid7(), ADA, amount, other, key()),
        AcceptWithdrawal(uuids.uuid7(), ADA, amount, other, Speed.STANDARD, key()),
    ):
        here.counters.used[ADA, order.footprint.limit or LimitKind.DEPOSIT_DAILY] = 0
        with pytest.raises(CurrencyMismatch) as refused:
            order.decide(here)
        assert refused.value.field == "bankAccountId"


def test_a_state_is_stored_only_for_a_bank_account_of_the_wallet() -> None:
    here = book()
    linked, state = bank_account(here), LinkState(LinkStatus.FAILED, "ref_1")
    for wallet_id, id in ((BOB, linked.id), (ADA, UNKNOWN)):
        refuses(here, UpdateBankAccount(wallet_id, id, state))
        refuses(here, RemoveBankAccount(wallet_id, id))
    assert UpdateBankAccount(ADA, linked.id, state).decide(here).changed
