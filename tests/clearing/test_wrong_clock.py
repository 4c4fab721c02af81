"""An account whose last change is in the future: its payments are refused, and other accounts keep the right time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uuid_utils.compat as uuids
from structlog.testing import CapturingLogger

from pocketpay.clearing import clock_alarm, lane
from pocketpay.clearing.clock_alarm import ClockAlarm
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.unit import carry_out
from pocketpay.database.failures import ServiceBusy
from pocketpay.ledger.account import Account
from pocketpay.payments.desk import Desk
from pocketpay.payments.preview import preview_transfer
from pocketpay.transactions.lifecycle import Status
from tests.clearing.instructions import YEAR, Told, ahead, all_told, answers, set_ahead, transfer_of
from tests.clearing.test_batch_races import batch_of
from tests.payments.customers import Person, Records, money, people, send, without_risk_rules


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


async def now(records: Records) -> datetime:
    moment = await records.connection.fetchval("select clock_timestamp()")
    assert isinstance(moment, datetime)
    return moment


async def in_one_unit(desk: Desk, ways: Sequence[tuple[Person, Person]]) -> list[Told]:
    """Sends one cent from the first to the second of each pair, all in one unit of work. Returns the results."""
    before = desk.clearing.counts.units
    told = await all_told(*(desk.submit(transfer_of(*way)) for way in ways))
    assert desk.clearing.counts.units == before + 1
    return told


def refused(told: Told) -> bool:
    return isinstance(told, ServiceBusy) and not told.may_have_happened


def accounts(alarms: CapturingLogger) -> list[str]:
    """The accounts that the alarms name, in order."""
    return [call.kwargs["account"] for call in alarms.calls]


async def test_an_account_a_year_ahead_is_refused_and_other_accounts_keep_the_right_time(
    desk: Desk, records: Records
) -> None:
    late, *others = await people(desk, 7, funds="10.00")
    ways = [(late, others[0]), *zip(others, (*others[1:], others[0]), strict=True)]
    async with ahead(records, YEAR, late):
        began = await now(records)
        first, *rest = await in_one_unit(desk, ways)
        ended = await now(records)
    assert refused(first)
    done = answers(rest)
    assert [one.transaction.status for one in done] == [Status.COMPLETED] * 6
    assert all(began <= one.transaction.created_at <= ended for one in done)
    stamps = await records.connection.fetch(
        "select updated_at from ledger_accounts where id = any($1::uuid[])", [one.wallet_id for one in others]
    )
    assert all(began <= row[0] <= ended for row in stamps)
    assert await money(desk, late) == (1_000, 0)


async def test_an_account_three_seconds_ahead_works_and_its_time_never_decreases(
    desk: Desk, records: Records
) -> None:
    ada, bob, cyd = await people(desk, 3, funds="10.00")
    await set_ahead(records, timedelta(seconds=3), ada)
    stamp = await records.connection.fetchval("select updated_at from ledger_accounts where id = $1", ada.wallet_id)
    first = (await send(desk, ada, bob, "1.00")).transaction
    second = (await send(desk, bob, cyd, "1.00")).transaction
    third = (await send(desk, cyd, ada, "1.00")).transaction
    assert stamp == first.created_at == second.created_at == third.created_at


async def test_an_account_is_compared_with_the_clock_after_waiting_for_the_lock(desk: Desk, records: Records) -> None:
    """The session that locks the account sets it ahead in the meantime."""
    late, bob, cyd = await people(desk, 3, funds="10.00")
    unit = records.connection.transaction()
    await unit.start()
    await set_ahead(records, YEAR, late)
    orders = asyncio.create_task(in_one_unit(desk, [(late, bob), (bob, cyd)]))
    await asyncio.sleep(0.3)
    assert not orders.done()
    await unit.commit()
    first, second = await orders
    assert refused(first)
    assert isinstance(second, Answer)
    assert second.transaction.created_at < await now(records)
    await set_ahead(records, timedelta(0), late)


async def test_payments_to_an_account_in_the_future_are_refused(desk: Desk, records: Records) -> None:
    late, bob, cyd = await people(desk, 3, funds="10.00")
    async with ahead(records, YEAR, late):
        payer = desk.submit(transfer_of(bob, late))
        batch = desk.submit(batch_of(bob, cyd, late), weight=2)
        other = desk.submit(transfer_of(bob, cyd))
        told = await all_told(payer, batch, other)
        assert [refused(one) for one in told] == [True, True, False]
    assert await money(desk, late) == (1_000, 0)
    assert await money(desk, bob) == (999, 0)


async def test_a_unit_of_only_refused_orders_ends_and_the_next_one_works(desk: Desk, records: Records) -> None:
    late, bob = await people(desk, 2, funds="10.00")
    async with ahead(records, YEAR, late):
        before = desk.clearing.counts.units
        assert all(refused(one) for one in await all_told(*(desk.submit(transfer_of(late, bob)) for _ in range(3))))
        assert desk.clearing.counts.units == before
        locked = "select count(*) from (select from ledger_accounts where id = $1 for update skip locked) free"
        assert await records.count(locked, late.wallet_id) == 1, "nothing stays locked"
    assert (await send(desk, late, bob, "1.00")).transaction.status is Status.COMPLETED


async def test_a_preview_with_an_account_in_the_future_is_refused(desk: Desk, records: Records) -> None:
    late, bob = await people(desk, 2, funds="10.00")
    async with ahead(records, YEAR, late):
        with pytest.raises(ServiceBusy):
            await preview_transfer(desk, late.wallet_id, raw_to=bob.username, raw_amount="1.00")
        with pytest.raises(ServiceBusy):
            await preview_transfer(desk, bob.wallet_id, raw_to=late.username, raw_amount="1.00")


@pytest.fixture
def alarms(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """Captures what the alarm logs, independent of the log configuration of this process."""
    logger = CapturingLogger()
    monkeypatch.setattr(clock_alarm, "log", logger)
    return logger


async def test_the_alarm_names_an_account_once_and_counts_every_refusal(
    desk: Desk, records: Records, alarms: CapturingLogger
) -> None:
    late, later, bob = await people(desk, 3, funds="10.00")
    busy = desk.clearing.counts.busy
    async with ahead(records, YEAR, late, later):
        for _ in range(3):
            await all_told(desk.submit(transfer_of(late, bob)), desk.submit(transfer_of(bob, late)))
        await all_told(desk.submit(transfer_of(later, bob)))
    assert accounts(alarms) == [str(late.wallet_id), str(later.wallet_id)]
    assert {(call.method_name, call.args) for call in alarms.calls} == {("error", ("account_ahead_of_clock",))}
    assert desk.clearing.counts.ahead == 7
    assert desk.clearing.counts.busy == busy + 7


async def test_the_answer_to_an_order_with_unknown_outcome_says_that_it_may_have_happened(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit succeeds and its reply is lost. Then a wrong clock sets the wallet ahead."""
    late, bob = await people(desk, 2, funds="10.00")

    async def lost(*arguments: Any, **named: Any) -> None:
        monkeypatch.setattr(lane, "carry_out", carry_out)
        await carry_out(*arguments, **named)
        await set_ahead(records, YEAR, late)
        raise ConnectionResetError

    monkeypatch.setattr(lane, "carry_out", lost)
    with pytest.raises(ServiceBusy) as busy:
        await desk.submit(transfer_of(late, bob, 100))
    assert busy.value.may_have_happened
    assert await money(desk, late) == (900, 0)
    await set_ahead(records, timedelta(0), late)


def test_the_alarm_names_an_account_again_after_a_minute_and_never_floods_the_log(
    monkeypatch: pytest.MonkeyPatch, alarms: CapturingLogger
) -> None:
    monkeypatch.setattr(clock_alarm, "MAX_NAMED", 2)
    time = [0.0]
    alarm = ClockAlarm(lambda: time[0])
    first, second, third = (Account(uuids.uuid7(), "USD", 0, 0, 0, 0, datetime.now(UTC), True) for _ in range(3))
    named = []
    for moment, seen in ((0.0, [first]), (30.0, [first, second, third]), (60.0, [first, third]), (89.0, [second])):
        time[0] = moment
        alarms.calls.clear()
        alarm.report(seen)
        named.append(accounts(alarms))
    assert named == [[str(first.id)], [str(second.id)], [str(first.id)], []]
