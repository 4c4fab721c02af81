"""Stripe forgets an idempotency key after a day. Whatever happens between two tries, the money moves once."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from pocketpay.banking.bank import BankOrder, BankReply, BankUnavailable
from pocketpay.banking.stripe import once
from pocketpay.banking.stripe.kinds import Kind
from pocketpay.banking.stripe.once import REMEMBERED, create_once
from tests.banking.stripe.customers import DAY, Customer
from tests.stripe_stand_in.faults import Fault

HOURS = 3_600.0


@dataclass(frozen=True)
class Case:
    """A call whose answer is lost, of an order whose object is of this kind."""

    kind: str
    match: str


CASES = [
    Case("payment_intent", "POST /v1/payment_intents"),
    Case("transfer", "POST /v1/transfers"),
    Case("payout", "POST /v1/payouts"),
]


async def _ordered(customer: Customer, case: Case, seconds_ago: float) -> BankOrder:
    deposits = case.kind == "payment_intent"
    link = await (customer.deposit_link() if deposits else customer.withdrawal_link())
    customer.platform.top_up(50_000)
    return customer.order(link, seconds_ago=seconds_ago)


async def _try(customer: Customer, case: Case, order: BankOrder) -> BankReply:
    bank = customer.server()
    return (await (bank.collect(order) if case.kind == "payment_intent" else bank.payout(order))).reply


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
@pytest.mark.parametrize(
    ("fault", "hours"),
    [(Fault.DROP_ANSWER, 0), (Fault.DROP, 0), (Fault.ERROR_ANSWER, 0), (Fault.RATE_LIMIT, 0)]
    + [(fault, 24) for fault in (Fault.DROP_ANSWER, Fault.DROP, Fault.ERROR_AFTER, Fault.ERROR_SAVED)],
)
async def test_an_order_whose_answer_was_lost_is_executed_once(
    customer: Customer, case: Case, fault: Fault, hours: int
) -> None:
    """Within a day by the key, after it by the search."""
    order = await _ordered(customer, case, hours * HOURS)
    customer.fault(fault, case.match)
    with pytest.raises(BankUnavailable):
        await _try(customer, case, order)
    with pytest.raises(BankUnavailable):  # the lease of the server that died
        await _try(customer, case, order)
    await customer.end_leases()
    if hours:
        customer.forget_keys()
    assert await _try(customer, case, order) is BankReply.PENDING
    assert await _try(customer, case, order) is BankReply.PENDING
    assert len(customer.objects(case.kind)) == 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
async def test_the_search_reads_every_page_and_takes_only_the_orders_own_object(
    customer: Customer, case: Case
) -> None:
    order = await _ordered(customer, case, 2 * DAY)
    customer.fault(Fault.DROP_ANSWER, case.match)
    with pytest.raises(BankUnavailable):
        await _try(customer, case, order)
    (lost,) = customer.objects(case.kind)
    customer.add_copies(lost, 101)  # newer ones of other orders: the search must read the second page
    customer.forget_keys()
    await customer.end_leases()
    assert await _try(customer, case, order) is BankReply.PENDING
    assert (await customer.stored(order.id))[Kind(case.kind)].stripe_id == lost["id"]


async def test_an_old_order_is_searched_for_before_it_is_created(customer: Customer) -> None:
    """Its row can be missing: the tables were restored from a backup."""
    calls: list[str] = []

    async def create(key: str) -> str:
        calls.append(key)
        return "pi_new"

    async def find() -> once.Ids:
        calls.append("search")
        for one in ("pi_found",):
            yield one

    async def made(seconds_ago: float) -> tuple[UUID, str]:
        order = customer.order(None, seconds_ago=seconds_ago).id
        return order, await create_once(customer.database, order, Kind.PAYMENT_INTENT, create, find)

    limit = REMEMBERED.total_seconds()
    young, young_id = await made(limit - 60)
    _, old_id = await made(limit + 60)
    assert (young_id, old_id) == ("pi_new", "pi_found")
    assert calls == [f"payment_intent-{young}", "search"]
    assert limit <= DAY - HOURS


async def test_a_search_that_stripe_refuses_creates_nothing(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(1_000)
    order = customer.order(link, seconds_ago=2 * DAY)
    customer.fault(Fault.RATE_LIMIT, "GET /v1/payouts")
    with pytest.raises(BankUnavailable):
        await customer.bank.payout(order)
    await customer.end_leases()
    customer.platform.act("accounts", customer.account(link.reference), "deauthorise")
    with capture_logs() as logs, pytest.raises(BankUnavailable):
        await customer.bank.payout(order)
    assert [(one["event"], one["code"]) for one in logs] == [("stripe_object_unreadable", "account_invalid")]
    assert customer.objects("payout") == []


async def test_a_search_that_is_too_long_creates_nothing(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pocketpay.banking.stripe.connection.MAX_LISTED", 1)
    case = CASES[0]
    other = await _ordered(customer, case, 0)
    assert await _try(customer, case, other) is BankReply.PENDING
    customer.add_copies(customer.objects(case.kind)[0], 100)
    with pytest.raises(BankUnavailable):
        await _try(customer, case, customer.order(other.link, seconds_ago=2 * DAY))
    assert len(customer.objects(case.kind)) == 101
