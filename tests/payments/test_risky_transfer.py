"""Risky payments: which payments the rules match, and the reasons that are stored."""

import asyncio
from datetime import timedelta

from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.risk.large_transfer import LargeTransfer
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.risk.rapid_transfers import RapidTransfers
from pocketpay.risk.rule import Reason
from pocketpay.transactions.lifecycle import Status
from tests.payments.customers import (
    Records,
    known_pair,
    money,
    new_key,
    pay_in,
    people,
    person,
    send,
    terms,
    without_risk_rules,
)

LARGE = Reason(LargeTransfer.name, {"threshold": "500.00", "currency": "USD"})
NEW = Reason(NewRecipient.name, {})
RAPID = Reason(RapidTransfers.name, {"count": 5, "window_minutes": 60})


async def test_a_transfer_above_the_threshold_is_large_and_a_transfer_at_the_threshold_is_not(desk: Desk) -> None:
    ada, bob = await known_pair(desk, funds="2000.00")
    assert (await send(desk, ada, bob, "500.00")).transaction.status is Status.COMPLETED
    large = (await send(desk, ada, bob, "500.01")).transaction
    assert (large.status, large.risk_reasons) == (Status.PENDING_CONFIRMATION, (LARGE,))


async def test_a_payment_keeps_all_its_reasons(desk: Desk, records: Records) -> None:
    ada, bob = await known_pair(desk, funds="2000.00")
    for _ in range(4):
        await send(desk, ada, bob, "0.01")
    answer = await send(desk, ada, await person(desk), "500.01")
    assert answer.transaction.risk_reasons == (LARGE, NEW, RAPID)
    replayed = await confirm(desk, ada.wallet_id, answer.transaction.id)
    assert replayed.transaction.risk_reasons == (LARGE, NEW, RAPID)


async def test_a_reason_keeps_the_threshold_that_applied(desk: Desk) -> None:
    ada, bob = await known_pair(desk, funds="2000.00")
    key = new_key()
    await send(desk, ada, bob, "500.01", key=key)
    desk.clearing.terms = terms(large_transfer_threshold="USD:1.00,JPY:1")
    assert (await send(desk, ada, bob, "500.01", key=key)).transaction.risk_reasons == (LARGE,)


async def test_a_recipient_is_new_until_a_payment_to_them_is_completed(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    cancelled = await send(desk, ada, bob, "1.00")
    assert cancelled.transaction.risk_reasons == (NEW,)
    await cancel(desk, ada.wallet_id, cancelled.transaction.id)
    await send(desk, ada, bob, "1000.00")  # fails for lack of funds
    still_new = await send(desk, ada, bob, "1.00")
    assert still_new.transaction.risk_reasons == (NEW,)
    await confirm(desk, ada.wallet_id, still_new.transaction.id)
    assert (await send(desk, ada, bob, "1.00")).transaction.risk_reasons == ()


async def test_receiving_a_payment_does_not_make_its_sender_known(desk: Desk) -> None:
    ada, bob = await known_pair(desk, funds="100.00")
    assert (await send(desk, bob, ada, "0.01")).transaction.risk_reasons == (NEW,)


async def test_the_sixth_payment_within_the_hour_is_rapid(desk: Desk, records: Records) -> None:
    ada, bob = await known_pair(desk, funds="100.00")
    for _ in range(4):
        assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED
    sixth = (await send(desk, ada, bob, "0.01")).transaction
    assert sixth.risk_reasons == (RAPID,)
    await cancel(desk, ada.wallet_id, sixth.id)
    first = await records.connection.fetchval(
        "select id from transactions where source_wallet_id = $1 and status = 'completed' limit 1", ada.wallet_id
    )
    await records.make_older(first, timedelta(minutes=61))
    assert (await send(desk, ada, bob, "0.01")).transaction.risk_reasons == ()


async def test_pending_payments_count_as_rapid_and_failed_or_cancelled_ones_do_not(
    desk: Desk, records: Records
) -> None:
    ada, bob = await known_pair(desk, funds="3000.00")
    waiting = [(await send(desk, ada, bob, "500.01")).transaction for _ in range(3)]
    for _ in range(4):
        await send(desk, ada, bob, "9000.00")  # fails
        await pay_in(desk, ada, "1.00")
    assert (await send(desk, ada, bob, "0.01")).transaction.risk_reasons == ()  # the fifth
    assert (await send(desk, ada, bob, "0.01")).transaction.risk_reasons == (RAPID,)
    await cancel(desk, ada.wallet_id, waiting[0].id)
    await records.make_overdue(waiting[1].id)
    assert (await send(desk, ada, bob, "0.01")).transaction.risk_reasons == ()


async def test_a_blocked_payment_is_stored_with_all_its_reasons(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(large_transfer_action="block")
    ada, bob = await people(desk, 2, funds="1000.00")
    answer = await send(desk, ada, bob, "500.01")
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "RISK_BLOCKED")
    assert answer.transaction.risk_reasons == (LARGE, NEW)
    assert answer.refusal is not None
    assert answer.refusal.code == "RISK_BLOCKED"
    assert await money(desk, ada) == (100_000, 0)
    assert await records.entries(answer.transaction.id) == {}


async def test_a_rule_that_is_off_adds_no_reason(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="1000.00")
    assert (await send(desk, ada, bob, "900.00")).transaction.risk_reasons == ()


async def test_a_rapid_count_above_a_thousand_switches_the_rule_off(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules(rapid_transfer_action="confirm", rapid_transfer_count=1_001)
    assert desk.clearing.terms.policy.recent.max_count == 0
    ada, bob = await people(desk, 2, funds="1.00")
    for _ in range(7):
        assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


async def test_rapid_payments_in_one_unit_of_work_count_each_other(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules(rapid_transfer_action="confirm", rapid_transfer_count=3)
    ada, bob = await people(desk, 2, funds="1.00")
    units = desk.clearing.counts.units
    answers = await asyncio.gather(*(send(desk, ada, bob, "0.01") for _ in range(6)))
    assert desk.clearing.counts.units - units < 6
    statuses = sorted(answer.transaction.status for answer in answers)
    assert statuses == [Status.COMPLETED] * 3 + [Status.PENDING_CONFIRMATION] * 3


async def test_a_rule_that_blocks_wins_over_one_that_requires_confirmation(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="1000.00")
    for severe in ({"new_recipient_action": "block"}, {"large_transfer_action": "block"}):
        desk.clearing.terms = terms(**severe)
        answer = await send(desk, ada, bob, "600.00")
        assert answer.transaction.status is Status.BLOCKED
        assert answer.transaction.risk_reasons == (LARGE, NEW)
