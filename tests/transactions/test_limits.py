"""The limits of a wallet within 24 hours: exact to the payment, also for concurrent payments."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from pocketpay.banking.bank import SETTLED
from pocketpay.clearing.expire import Expire
from pocketpay.clearing.outcome import Answer
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.preview import preview_transfer
from pocketpay.payments.settle import Settle
from pocketpay.transactions.allowance import allowances
from pocketpay.transactions.errors import LimitExceeded
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import Limit, LimitKind
from tests.conftest import Dsns
from tests.payments.banks import SlowBank, with_bank
from tests.payments.customers import (
    Person,
    Records,
    money,
    new_key,
    open_desk,
    pay_in,
    pay_out,
    people,
    person,
    send,
    terms,
    without_risk_rules,
)

DEPOSIT, WITHDRAWAL, TRANSFER = LimitKind
DAY = timedelta(hours=24)
LOW = {"deposit_limit": "100.00", "withdrawal_limit": "50.00", "transfer_limit": "80.00"}
NOTHING = {"deposit_limit": "100000.00"}


@pytest.fixture
async def desk(module_dsn: Dsns, records: Records) -> AsyncIterator[Desk]:
    """A desk with limits of 100,000.00 for deposits, 50.00 for withdrawals and 80.00 for payments, without risk
    rules."""
    async with open_desk(module_dsn.server, without_risk_rules(**(LOW | NOTHING))) as desk:
        yield desk
    assert await records.findings() == []


async def limits(desk: Desk, whose: Person) -> dict[LimitKind, Limit]:
    async with desk.database.read() as session:
        known = await allowances(session, desk.clearing.terms.limits, [(whose.wallet_id, whose.currency)])
    return {limit.kind: limit for limit in known[whose.wallet_id, whose.currency]}


async def used(desk: Desk, whose: Person, kind: LimitKind) -> int:
    return (await limits(desk, whose))[kind].used.minor


async def refused(order: Awaitable[Answer]) -> Limit:
    """Returns the limit for which the order is refused. The refusal must store nothing."""
    with pytest.raises(LimitExceeded) as refusal:
        await order
    assert (refusal.value.code, refusal.value.field) == ("LIMIT_EXCEEDED", "amount")
    return refusal.value.limit


def test_the_default_limits_are_ten_five_and_twenty_thousand() -> None:
    known = terms().limits
    assert [known[kind]["USD"] for kind in LimitKind] == [Money(n, "USD") for n in (1_000_000, 500_000, 2_000_000)]


async def test_a_new_wallet_has_used_nothing_of_its_limits(desk: Desk) -> None:
    ada = await person(desk)
    assert await limits(desk, ada) == {
        kind: Limit(kind, Money(total, "USD"), Money(0, "USD"), None)
        for kind, total in ((DEPOSIT, 10_000_000), (WITHDRAWAL, 5_000), (TRANSFER, 8_000))
    }


Order = Callable[[Desk, Person, Person, str], Awaitable[Answer]]
ORDERS: dict[LimitKind, tuple[int, Order]] = {
    WITHDRAWAL: (5_000, lambda desk, ada, bob, amount: pay_out(desk, ada, amount)),
    TRANSFER: (8_000, lambda desk, ada, bob, amount: send(desk, ada, bob, amount)),
}


@pytest.mark.parametrize("kind", ORDERS)
async def test_a_limit_can_be_used_to_the_last_cent_and_not_beyond(
    desk: Desk, records: Records, kind: LimitKind
) -> None:
    total, order = ORDERS[kind]
    ada, bob = await person(desk, funds="500.00"), await person(desk)
    first = (await order(desk, ada, bob, "20.00")).transaction
    rest = str(Money(total - 2_000, "USD"))
    before = await records.checksum()
    limit = await refused(order(desk, ada, bob, str(Money(total - 1_999, "USD"))))
    assert limit == Limit(kind, Money(total, "USD"), Money(2_000, "USD"), first.created_at + DAY)
    assert limit.remaining == Money(total - 2_000, "USD")
    assert await records.checksum() == before
    assert (await order(desk, ada, bob, rest)).transaction.status is Status.COMPLETED
    assert (await refused(order(desk, ada, bob, "0.01"))).remaining == Money(0, "USD")


async def test_the_deposit_limit_refuses_before_the_bank_is_called(
    module_dsn: Dsns, desk: Desk, records: Records
) -> None:
    async with open_desk(module_dsn.server, without_risk_rules(**LOW)) as strict:
        ada, bank = await person(strict, funds="60.00"), SlowBank(SETTLED)
        before = await records.checksum()
        assert (await refused(pay_in(with_bank(strict, bank), ada, "40.01"))).kind is DEPOSIT
        assert (bank.collected, await records.checksum()) == ([], before)
        assert (await pay_in(with_bank(strict, bank), ada, "40.00")).transaction.status is Status.COMPLETED


async def test_a_limit_counts_neither_other_limits_nor_incoming_payments(desk: Desk) -> None:
    ada, bob = await person(desk, funds="500.00"), await person(desk, funds="500.00")
    await send(desk, ada, bob, "80.00")
    await pay_out(desk, ada, "50.00", Speed.INSTANT)
    assert {kind: limit.used.minor for kind, limit in (await limits(desk, ada)).items()} == {
        DEPOSIT: 50_000,
        WITHDRAWAL: 5_000,
        TRANSFER: 8_000,
    }
    assert (await limits(desk, bob))[TRANSFER].used.minor == 0


async def test_pending_payments_count_and_unsuccessful_ones_do_not(
    module_dsn: Dsns, desk: Desk, records: Records
) -> None:
    async with open_desk(module_dsn.server, terms(**(LOW | NOTHING))) as careful:
        ada, bob = await person(careful, funds="500.00"), await person(careful)
        waiting = [(await send(careful, ada, bob, "20.00")).transaction for _ in range(4)]
        assert {one.status for one in waiting} == {Status.PENDING_CONFIRMATION}
        await refused(send(careful, ada, bob, "0.01"))
        await cancel(careful, ada.wallet_id, waiting[0].id)
        assert await used(careful, ada, TRANSFER) == 6_000
        await records.make_overdue(waiting[1].id)
        await careful.submit(Expire(ada.wallet_id, waiting[1].id))
        assert await used(careful, ada, TRANSFER) == 4_000
        await confirm(careful, ada.wallet_id, waiting[2].id)
        assert await used(careful, ada, TRANSFER) == 4_000, "confirming does not count again"
        order = (await pay_out(with_bank(careful, SlowBank()), ada, "50.00")).transaction
        await refused(pay_out(careful, ada, "0.01"))
        await careful.submit(Settle(ada.wallet_id, order.id, settled=False))
        assert await used(careful, ada, WITHDRAWAL) == 0


async def test_an_overdue_payment_no_longer_counts_for_the_next_payment(module_dsn: Dsns, records: Records) -> None:
    async with open_desk(module_dsn.server, terms(**(LOW | NOTHING))) as careful:
        ada, bob = await person(careful, funds="500.00"), await person(careful)
        waiting = (await send(careful, ada, bob, "80.00")).transaction
        await refused(send(careful, ada, bob, "0.01"))
        await records.make_overdue(waiting.id)
        assert (await send(careful, ada, bob, "80.00")).transaction.status is Status.PENDING_CONFIRMATION
        assert await used(careful, ada, TRANSFER) == 8_000
        assert await records.findings() == []


async def test_a_payment_refused_for_funds_or_a_freeze_does_not_count(desk: Desk, records: Records) -> None:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    assert (await send(desk, ada, bob, "70.00")).transaction.status is Status.FAILED
    assert (await pay_out(desk, ada, "10.00", Speed.INSTANT)).transaction.status is Status.FAILED
    await records.freeze(ada, "debits")
    assert (await send(desk, ada, bob, "5.00")).transaction.status is Status.BLOCKED
    await records.freeze(ada, None)
    assert [(await used(desk, ada, kind)) for kind in (WITHDRAWAL, TRANSFER)] == [0, 0]


async def test_funds_are_checked_before_the_limit_and_the_limit_before_other_rules(
    module_dsn: Dsns, desk: Desk, records: Records
) -> None:
    low_and_strict = terms(large_transfer_action="block", pending_transfers="1", **(LOW | NOTHING))
    async with open_desk(module_dsn.server, low_and_strict) as strict:
        ada, bob = await person(strict, funds="600.00"), await person(strict)
        assert (await send(strict, ada, bob, "600.01")).transaction.failure_code == "INSUFFICIENT_FUNDS"
        assert (await pay_out(strict, ada, "600.01")).transaction.failure_code == "INSUFFICIENT_FUNDS"
        await send(strict, ada, bob, "1.00")
        with pytest.raises(Refusal) as refusal:
            await send(strict, ada, bob, "1.00")
        assert refusal.value.code == "TOO_MANY_PENDING"
        await refused(send(strict, ada, bob, "550.00"))
        await records.freeze(ada, "debits")
        assert (await send(strict, ada, bob, "550.00")).transaction.failure_code == "WALLET_FROZEN"
        await records.freeze(ada, None)


async def test_a_preview_applies_the_limit(desk: Desk) -> None:
    ada, bob = await person(desk, funds="500.00"), await person(desk)
    await send(desk, ada, bob, "50.00")
    preview = await preview_transfer(desk, ada.wallet_id, raw_to=bob.username, raw_amount="30.01")
    assert isinstance(preview.refusal, LimitExceeded)
    assert preview.refusal.limit.remaining == Money(3_000, "USD")
    within = await preview_transfer(desk, ada.wallet_id, raw_to=bob.username, raw_amount="30.00")
    assert within.refusal is None


async def test_the_replay_of_a_payment_that_used_up_the_limit_is_a_replay(desk: Desk) -> None:
    ada, bob, key = await person(desk, funds="500.00"), await person(desk), new_key()
    await send(desk, ada, bob, "80.00", key=key)
    again = await send(desk, ada, bob, "80.00", key=key)
    assert (again.replayed, again.refusal) == (True, None)


async def test_a_wallet_in_a_currency_no_longer_offered_has_no_limit(module_dsn: Dsns, desk: Desk) -> None:
    ada, bob = await person(desk, funds="900", currency="JPY"), await person(desk, currency="JPY")
    only_dollars = terms(currencies="USD", large_transfer_threshold="500.00", **LOW)
    async with open_desk(module_dsn.server, only_dollars) as served:
        assert await limits(served, ada) == {}
        assert (await pay_out(served, ada, "90")).transaction.status is Status.COMPLETED
        assert (await send(served, ada, bob, "800")).transaction.status is Status.PENDING_CONFIRMATION


# ---------------------------------------------------------------- the window


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        (timedelta(minutes=1), True),
        (timedelta(hours=23, minutes=59), True),
        (timedelta(hours=24), False),
        (timedelta(hours=25), False),
        (timedelta(days=3), False),
    ],
)
async def test_a_payment_counts_until_it_is_24_hours_old(
    desk: Desk, records: Records, age: timedelta, counts: bool
) -> None:
    ada, bob = await person(desk, funds="500.00"), await person(desk)
    await records.make_older((await send(desk, ada, bob, "60.00")).transaction.id, age)
    assert await used(desk, ada, TRANSFER) == (6_000 if counts else 0)
    if counts:
        await refused(send(desk, ada, bob, "20.01"))
    else:
        await send(desk, ada, bob, "80.00")


async def test_the_oldest_hour_of_the_window_is_counted_by_payment(desk: Desk, records: Records) -> None:
    """One hour of yesterday is partly more than 24 hours ago; other payments are completely inside the window."""
    ada, bob = await person(desk, funds="500.00"), await person(desk)
    for minutes, amount in ((-40, "1.00"), (-1, "2.00"), (1, "4.00"), (40, "8.00"), (24 * 60 - 5, "16.00")):
        sent = (await send(desk, ada, bob, amount)).transaction
        await records.make_older(sent.id, DAY - timedelta(minutes=minutes))
    oldest = await records.connection.fetchval(
        "select min(created_at) from transactions where source_wallet_id = $1 "
        "and created_at > clock_timestamp() - interval '24 hours'",
        ada.wallet_id,
    )
    limit = await refused(send(desk, ada, bob, "52.01"))
    assert (limit.used, limit.resets_at) == (Money(2_800, "USD"), oldest + DAY)
    assert (await limits(desk, ada))[TRANSFER] == limit
    assert (await send(desk, ada, bob, "52.00")).transaction.status is Status.COMPLETED


async def test_the_reset_time_is_24_hours_after_the_oldest_counted_payment(desk: Desk, records: Records) -> None:
    ada, bob = await person(desk, funds="500.00"), await person(desk)
    for hours in (30, 20, 3):
        sent = (await send(desk, ada, bob, "10.00")).transaction
        await records.make_older(sent.id, timedelta(hours=hours))
        if hours == 20:
            expected = sent.created_at - timedelta(hours=20) + DAY
    assert (await limits(desk, ada))[TRANSFER].resets_at == expected
    assert expected > datetime.now(UTC)


# ---------------------------------------------------------------- concurrency


async def test_concurrent_payments_never_exceed_the_limit(module_dsn: Dsns, desk: Desk) -> None:
    ada, bob = await person(desk, funds="500.00"), await person(desk)
    async with open_desk(module_dsn.server, without_risk_rules(**LOW)) as other:
        orders = [send(to, ada, bob, "7.00") for _ in range(20) for to in (desk, other)]
        results = await asyncio.gather(*orders, return_exceptions=True)
    done = [one for one in results if isinstance(one, Answer)]
    assert len(done) == 11
    assert {type(one) for one in results if one not in done} == {LimitExceeded}
    assert await money(desk, ada) == (50_000 - 7_700, 0)
    assert await used(desk, ada, TRANSFER) == 7_700


async def test_concurrent_withdrawals_never_exceed_the_limit(module_dsn: Dsns, desk: Desk) -> None:
    ada = await person(desk, funds="500.00")
    async with open_desk(module_dsn.server, without_risk_rules(**LOW)) as other:
        orders = [pay_out(to, ada, "7.00") for _ in range(10) for to in (desk, other)]
        results = await asyncio.gather(*orders, return_exceptions=True)
    assert sum(isinstance(one, Answer) for one in results) == 7
    assert await money(desk, ada) == (50_000 - 4_900, 0)


async def test_wallets_in_one_unit_have_separate_limits(desk: Desk) -> None:
    crowd = await people(desk, 12, funds="100.00")
    pairs = list(zip(crowd, crowd[1:] + crowd[:1], strict=True))
    for _ in range(2):
        await asyncio.gather(*(send(desk, one, other, "40.00") for one, other in pairs))
    results = await asyncio.gather(*(send(desk, one, other, "0.01") for one, other in pairs), return_exceptions=True)
    assert {type(one) for one in results} == {LimitExceeded}
    ids: set[UUID] = {one.wallet_id for one in crowd}
    async with desk.database.read() as session:
        known = await allowances(session, desk.clearing.terms.limits, [(id, "USD") for id in ids])
    assert {limit.used.minor for all_of_it in known.values() for limit in all_of_it if limit.kind is TRANSFER} == {
        8_000
    }
