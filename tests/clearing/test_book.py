"""The book stops what breaks a law of the books, whichever rule asks for it; and it keeps wallets apart."""

from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import fields, replace
from itertools import product

import pytest
import uuid_utils.compat as uuids

from pocketpay.banking.bank import LinkStatus
from pocketpay.cards.card import CardStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.outcome import Hold, Outcome, SideEffects
from pocketpay.clearing.written import StoredKey
from pocketpay.errors import BooksDisagree, Refusal
from pocketpay.ledger.account import Leg
from pocketpay.money import Money
from pocketpay.payments.transfer import Transfer
from pocketpay.payments.transfer_batch import TransferBatch
from pocketpay.requests.money_request import RequestStatus
from pocketpay.transactions.errors import KeyReused
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import LimitKind
from tests.payments.books import ADA, BOB, EVE, added, bank_account, book, card, held, key, payment, request
from tests.payments.customers import terms


def moved(amount: int) -> tuple[Leg, Leg]:
    return Leg(ADA, -amount, "Lunch"), Leg(BOB, amount, "Lunch")


def test_a_completed_payment_moves_its_money() -> None:
    here = book()
    here.apply(Outcome(payment(Status.COMPLETED), legs=moved(4_000)))
    assert (here.accounts[ADA].posted, here.accounts[BOB].posted) == (6_000, 14_000)


@pytest.mark.parametrize("amount", [10_001, 4_000_000])
def test_a_wallet_never_pays_more_than_it_has(amount: int) -> None:
    with pytest.raises(BooksDisagree):
        book().apply(Outcome(payment(Status.COMPLETED), legs=moved(amount)))


def test_a_wallet_never_pays_money_that_it_holds() -> None:
    here = book()
    held(here)
    with pytest.raises(BooksDisagree):
        here.apply(Outcome(payment(Status.COMPLETED), legs=moved(6_001)))


def test_a_hold_that_was_never_placed_cannot_be_released() -> None:
    with pytest.raises(BooksDisagree):
        book().apply(Outcome(payment(Status.CANCELLED), hold=Hold(ADA, -1)))


def test_legs_that_do_not_sum_to_zero_are_never_posted() -> None:
    legs = Leg(ADA, -4_000, "Lunch"), Leg(BOB, 4_001, "Lunch")
    with pytest.raises(BooksDisagree):
        book().apply(Outcome(payment(Status.COMPLETED), legs=legs))


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.COMPLETED])
def test_only_a_completed_transaction_moves_money(status: Status) -> None:
    with pytest.raises(BooksDisagree):
        book().apply(Outcome(payment(status), legs=moved(4_000)))


def test_a_transaction_that_has_ended_never_changes_its_status() -> None:
    here = book()
    done = added(here, payment(Status.COMPLETED))
    with pytest.raises(BooksDisagree):
        here.apply(Outcome(replace(done, status=Status.CANCELLED, version=2)))


def test_a_money_request_that_has_ended_never_changes_its_status() -> None:
    here = book()
    asked = request(here, RequestStatus.DECLINED)
    with pytest.raises(BooksDisagree):
        here.apply(Outcome(side_effects=SideEffects(requests=(replace(asked, status=RequestStatus.PAID),))))


def test_a_closed_card_never_changes_its_status() -> None:
    here = book()
    closed = card(here, CardStatus.CLOSED)
    with pytest.raises(BooksDisagree):
        here.apply(Outcome(side_effects=SideEffects(cards=(replace(closed, status=CardStatus.ACTIVE),))))


def test_a_removed_bank_account_never_changes_its_status() -> None:
    here = book()
    removed = bank_account(here, LinkStatus.REMOVED)
    with pytest.raises(BooksDisagree):
        here.apply(Outcome(side_effects=SideEffects(bank_accounts=(replace(removed, status=LinkStatus.ACTIVE),))))


@pytest.mark.parametrize("refunded", [0, 4_001])
def test_a_refund_is_never_zero_and_never_more_than_was_paid(refunded: int) -> None:
    here = book()
    paid = added(here, payment(Status.COMPLETED))
    with pytest.raises(BooksDisagree):
        here.apply(Outcome(side_effects=SideEffects(refunded=replace(paid, refunded=refunded))))


def test_a_key_of_another_operation_is_refused_even_with_the_same_fingerprint() -> None:
    here = book()
    here.keys[ADA, key().text] = StoredKey("transfer", bytes(32), [uuids.uuid7()])
    with pytest.raises(KeyReused):
        here.results_of(key(operation="withdraw"))


def test_a_key_with_another_fingerprint_is_refused() -> None:
    here = book()
    here.keys[ADA, key().text] = StoredKey("transfer", bytes(32), [uuids.uuid7()])
    with pytest.raises(KeyReused):
        here.results_of(key(fingerprint=bytes(31) + b"\1"))


def test_a_new_key_and_the_same_key_of_another_wallet_have_no_results() -> None:
    here = book()
    here.keys[ADA, key().text] = StoredKey("transfer", bytes(32), [uuids.uuid7()])
    assert here.results_of(key(BOB)) is None
    assert here.replay(key(BOB), uuids.uuid7()) is None


def test_a_wallet_has_only_its_own_transactions_and_cards() -> None:
    here = book()
    waiting, own = held(here), card(here)
    assert here.own_transaction(waiting.id, ADA) == waiting
    assert here.own_card(own.id, ADA) == own
    linked = bank_account(here)
    assert here.own_bank_account(linked.id, ADA) == linked
    for stranger in (BOB, EVE):
        assert here.own_transaction(waiting.id, stranger) is None
        assert here.own_card(own.id, stranger) is None
        assert here.own_bank_account(linked.id, stranger) is None
    assert here.own_transaction(uuids.uuid7(), ADA) is None
    assert here.own_card(uuids.uuid7(), ADA) is None
    assert here.own_bank_account(uuids.uuid7(), ADA) is None


def test_a_payment_that_has_ended_in_this_unit_is_no_longer_a_live_payment() -> None:
    here = book()
    asked = request(here)
    assert here.live_payment(asked.id) is None
    waiting = added(here, replace(payment(Status.PENDING_CONFIRMATION), request_id=asked.id))
    assert here.live_payment(asked.id) == waiting
    here.transactions[waiting.id] = replace(waiting, status=Status.CANCELLED)
    assert here.live_payment(asked.id) is None
    del here.transactions[waiting.id]
    assert here.live_payment(asked.id) is None


def test_a_refund_keeps_the_original_payment_at_its_total() -> None:
    here = book()
    paid = added(here, payment(Status.COMPLETED))
    here.counters.times_paid[ADA, BOB] = 1
    here.apply(Outcome(side_effects=SideEffects(refunded=replace(paid, refunded=paid.amount.minor))))
    assert here.transactions[paid.id].refundable == Money(0, "USD")


ITEMS = {
    "to Bob": (BOB, 1_000),
    "to Eve": (EVE, 2_000),
    "more than Ada has": (BOB, 90_000),
    "held": (EVE, 3_000),
    "to nobody": (None, 1),
}
"""The items of batches: who gets how many cents."""


def batch(names: Sequence[str]) -> TransferBatch:
    items = tuple(
        Transfer(uuids.uuid7(), ADA, to, Money(minor, "USD"), name, key=None)
        for name in names
        for to, minor in (ITEMS[name],)
    )
    return TransferBatch(ADA, items, False, key(operation="transferBatch"))


def changes(here: Book) -> dict[str, object]:
    """All changes of the book. The ids of entries are random."""
    found = {each.name: getattr(here, each.name) for each in fields(here)}
    return {**found, "entries": [replace(entry, id=ADA) for entry in here.entries]}


@pytest.mark.parametrize("earlier", [None, *ITEMS])
def test_a_book_that_takes_over_a_batch_is_the_book_to_which_each_item_is_applied(earlier: str | None) -> None:
    large = terms(large_transfer_threshold="25.00", new_recipient_action="off", rapid_transfer_action="off")
    for names in product(ITEMS, repeat=3):
        here = book()
        here.terms = large
        here.counters.used[ADA, LimitKind.TRANSFER_DAILY] = 0
        if earlier is not None:
            before = batch([earlier]).items[0]
            assert isinstance(before, Transfer)
            with suppress(Refusal):
                here.apply(before.decide(here))
        there = deepcopy(here)
        outcome = batch(names).decide(here)
        if not outcome.changed:
            continue
        effects = outcome.side_effects
        assert effects is not None
        assert effects.items_applied is not None
        here.apply(outcome)
        there.apply(replace(outcome, side_effects=replace(effects, items_applied=None)))
        assert changes(here) == changes(there), names
        later = batch(["to Bob"]).items[0]
        assert isinstance(later, Transfer)
        outcome = later.decide(here)
        here.apply(outcome)
        there.apply(outcome)
        assert changes(here) == changes(there), "so is the book after a later order"
