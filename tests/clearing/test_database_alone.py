"""With a guard of the code removed, PostgreSQL alone refuses what would lose or create money.

Each test removes every guard of the code that stands in the way, gives an order that is wrong, and checks which
constraint refuses it and that nothing has changed. The audit finds nothing afterwards.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg
import pytest

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.outcome import Answer, Hold, Outcome
from pocketpay.clearing.terms import Terms
from pocketpay.database.sessions import Session
from pocketpay.ledger.repository import postings
from pocketpay.payments.cancel import Cancel
from pocketpay.payments.confirm import Confirm
from pocketpay.payments.desk import Desk
from pocketpay.payments.settle import Settle
from pocketpay.payments.transfer import Transfer
from pocketpay.transactions.lifecycle import Status
from tests.clearing.barriers import Barrier
from tests.clearing.instructions import all_told, answers, transfer_of
from tests.conftest import Dsns
from tests.mutations.guards import removed
from tests.payments.customers import (
    Person,
    Records,
    money,
    new_key,
    new_money_request,
    pay_in,
    pay_money_request,
    people,
    person,
    refund_payment,
    send,
    terms,
    without_risk_rules,
)

LAW_2 = (
    "ledger/account.py Account.change: if self.held < 0: raise BooksDisagree",
    "ledger/account.py Account.change: if self.posted - self.held < 0: raise BooksDisagree",
)
TRANSITION = "clearing/book.py Book._apply_transaction: require_transition(before.status, after.status)"
REQUEST_TRANSITION = (
    "clearing/book.py Book._apply_side_effects: requests.require_transition(before.status, request.status)"
)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


async def overspend(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    return lambda: send(desk, ada, bob, "10.01")


async def one_key_twice(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    key = new_key()
    await send(desk, ada, bob, "1.00", key=key)
    return lambda: send(desk, ada, bob, "1.00", key=key)


async def confirm_twice(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    waiting = await _held(desk, ada, bob)
    await desk.submit(Confirm(ada.wallet_id, bob.wallet_id, waiting))
    return lambda: desk.submit(Confirm(ada.wallet_id, bob.wallet_id, waiting))


async def cancel_after_confirmation(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    waiting = await _held(desk, ada, bob)
    await desk.submit(Confirm(ada.wallet_id, bob.wallet_id, waiting))
    return lambda: desk.submit(Cancel(ada.wallet_id, waiting))


async def refund_more_than_was_paid(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    paid = (await send(desk, ada, bob, "4.00")).transaction
    return lambda: refund_payment(desk, bob, paid.id, "4.01")


async def pay_a_request_twice(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    asked = await new_money_request(desk, bob, ada, "2.00")
    await pay_money_request(desk, ada, asked)
    return lambda: pay_money_request(desk, ada, asked)


async def settle_twice(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    done = (await pay_in(desk, ada, "5.00")).transaction
    return lambda: desk.submit(Settle(ada.wallet_id, done.id, settled=True))


async def pay_oneself(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    return lambda: send(desk, ada, ada, "1.00")


async def pay_in_another_currency(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    yen = await person(desk, currency="JPY")
    return lambda: desk.submit(transfer_of(ada, yen, 100))


async def create_money(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    return lambda: desk.submit(Bug(transfer_of(ada, bob), surplus=1))


async def release_a_hold_that_was_not_placed(desk: Desk, ada: Person, bob: Person) -> Callable[[], Awaitable[object]]:
    return lambda: desk.submit(Bug(transfer_of(ada, bob), hold=Hold(ada.wallet_id, -1)))


@dataclass(frozen=True)
class Bug:
    """A transfer by code with a bug in it: the recipient gets a cent too much, or a hold is released that nobody has
    placed."""

    transfer: Transfer
    surplus: int = 0
    hold: Hold | None = None

    @property
    def footprint(self) -> Footprint:
        return self.transfer.footprint

    def decide(self, book: Book) -> Outcome:
        outcome = self.transfer.decide(book)
        debit, credit = outcome.legs
        return replace(outcome, legs=(debit, replace(credit, amount=credit.amount + self.surplus)), hold=self.hold)


@dataclass(frozen=True)
class Wrong:
    """An order that is wrong, the guards of the code to remove, and the constraint that then refuses it."""

    order: Callable[[Desk, Person, Person], Awaitable[Callable[[], Awaitable[object]]]]
    without: tuple[str, ...]
    refused_by: str


WRONG = {
    "funds check": Wrong(
        overspend,
        (
            "payments/spending.py insufficient_funds: InsufficientFunds(needed, available) "
            "if available < needed else None",
            *LAW_2,
        ),
        "ck_ledger_accounts_available_not_negative",
    ),
    "key look-up": Wrong(one_key_twice, (), "pk_idempotency_keys"),
    "a payment is confirmed once": Wrong(
        confirm_twice,
        (
            "payments/confirm.py Confirm.decide: if held.status is Status.COMPLETED: "
            "return Outcome(held, changed=False, replayed=True)",
            "payments/confirm.py Confirm.decide: if held.status is not Status.PENDING_CONFIRMATION: raise WrongState",
            TRANSITION,
            *LAW_2,
        ),
        "ck_ledger_accounts_held_not_negative",
    ),
    "a completed payment is not cancelled": Wrong(
        cancel_after_confirmation,
        (
            "payments/cancel.py Cancel.decide: if held.status is not Status.PENDING_CONFIRMATION: raise WrongState",
            TRANSITION,
            *LAW_2,
        ),
        "transactions_lifecycle",
    ),
    "refunds stay within the payment": Wrong(
        refund_more_than_was_paid,
        (
            "payments/refund.py Refund.decide: if amount > original.refundable: raise RefundTooLarge",
            "clearing/book.py Book._apply_refund: "
            "if not before.refunded < original.refunded <= original.total.minor: raise BooksDisagree",
        ),
        "ck_transactions_refunded_within_the_original",
    ),
    "a request is paid once": Wrong(
        pay_a_request_twice,
        (
            "payments/pay_request.py PayRequest.decide: "
            "if request.status is not RequestStatus.PENDING: raise WrongState",
            "payments/pay_request.py PayRequest.decide: "
            "if (waiting := book.live_payment(request.id)) is not None: raise WrongState",
            REQUEST_TRANSITION,
        ),
        "uq_transactions_request_live",
    ),
    "an order is settled once": Wrong(
        settle_twice,
        (
            "payments/settle.py Settle.decide: if accepted.status is not Status.CREATED: "
            "return Outcome(accepted, changed=False, refusal=refusal_of(accepted))",
            TRANSITION,
        ),
        "uq_ledger_entries_transaction_account",
    ),
    "nobody pays themselves": Wrong(
        pay_oneself,
        ("payments/transfer.py Transfer.decide_new: if self.payee_id == self.wallet_id: raise SelfTransfer",),
        "ck_transactions_not_to_oneself",
    ),
    "both sides have one currency": Wrong(
        pay_in_another_currency,
        (
            "payments/transfer.py Transfer.decide_new: "
            "if book.accounts[self.payee_id].currency != self.amount.currency: raise CurrencyMismatch",
        ),
        "ledger_entries_account",
    ),
    "legs sum to zero": Wrong(
        create_money,
        ("clearing/book.py Book._post: if sum((leg.amount for leg in outcome.legs)): raise BooksDisagree",),
        "ledger_entries_sum_to_zero",
    ),
    "only placed holds are released": Wrong(
        release_a_hold_that_was_not_placed, LAW_2, "ck_ledger_accounts_held_not_negative"
    ),
}


async def _held(desk: Desk, ada: Person, bob: Person) -> UUID:
    desk.clearing.terms = terms()
    waiting = (await send(desk, ada, bob, "3.00")).transaction
    assert waiting.status is Status.PENDING_CONFIRMATION
    return waiting.id


@pytest.mark.parametrize("guard", WRONG)
async def test_the_database_refuses_an_order_when_the_guards_of_the_code_are_removed(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    wrong = WRONG[guard]
    ada, bob = await people(desk, 2, funds="10.00")
    order = await wrong.order(desk, ada, bob)
    before, posted = await records.checksum(), (await money(desk, ada), await money(desk, bob))
    with removed(*wrong.without):
        if guard == "key look-up":
            monkeypatch.setattr(Book, "results_of", lambda *_: None)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
            await order()
    monkeypatch.undo()
    assert refused.value.constraint_name == wrong.refused_by
    assert await records.checksum() == before
    assert (await money(desk, ada), await money(desk, bob)) == posted
    assert (await send(desk, ada, bob, "0.01")).transaction.status is not Status.FAILED


FUNDS_CHECK = WRONG["funds check"].without


@pytest.mark.parametrize("also_without", [(), FUNDS_CHECK], ids=["with the funds check", "without the funds check"])
async def test_without_a_lock_the_chain_of_entries_stops_the_second_payment(
    two_desks: list[Desk], records: Records, monkeypatch: pytest.MonkeyPatch, also_without: tuple[str, ...]
) -> None:
    """Both units have read the same balance before either writes, so both decide to pay all of it."""
    ada, bob = await people(two_desks[0], 2, funds="10.00")
    barrier = Barrier(monkeypatch, "write")

    async def only_begin(session: Session, _: object) -> None:
        await session.execute("begin")

    monkeypatch.setattr(postings, "begin_and_lock", only_begin)
    with removed(*also_without):
        orders = [asyncio.create_task(desk.submit(transfer_of(ada, bob, 1_000))) for desk in two_desks]
        await barrier.until_arrived(2)
        barrier.open()
        told = await all_told(*orders)
    assert [one.transaction.status for one in answers(told)] == [Status.COMPLETED]
    (error,) = (one for one in told if not isinstance(one, Answer))
    assert isinstance(error, asyncpg.UniqueViolationError)
    assert error.constraint_name == "uq_ledger_entries_account_sequence"
    assert (await money(two_desks[0], ada), await money(two_desks[0], bob)) == ((0, 0), (2_000, 0))
