"""Payments in an unusual hour by the clock of the database: previewing, holding, confirming and blocking them."""

from datetime import UTC

import pytest

from pocketpay.clearing.terms import Terms
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.payments.preview import preview_transfer
from pocketpay.risk.unusual_hour import UnusualHour
from pocketpay.transactions.lifecycle import Status
from tests.payments.customers import Records, money, people, send, without_risk_rules


async def hours(records: Records, *, now: bool) -> dict[str, int]:
    """Settings whose unusual hours include the current hour of the database, or exclude it.

    The hours begin and end at least an hour from now, so that a slow test does not cross a border.
    """
    hour = (await records.connection.fetchval("select clock_timestamp()")).astimezone(UTC).hour
    around = {"unusual_hour_from": (hour - 1) % 24, "unusual_hour_until": (hour + 2) % 24}
    if now:
        return around
    return {"unusual_hour_from": around["unusual_hour_until"], "unusual_hour_until": around["unusual_hour_from"]}


async def unusual(records: Records, action: str, *, now: bool = True) -> Terms:
    both = {"unusual_hour_action": action, "unusual_hour_threshold": "USD:10.00,JPY:1"}
    return without_risk_rules(**both, **await hours(records, now=now))


@pytest.mark.parametrize("action", ["off", "confirm", "block"])
@pytest.mark.parametrize("amount", ["10.00", "10.01"])
@pytest.mark.parametrize("now", [True, False])
async def test_a_preview_predicts_the_transfer(
    desk: Desk, records: Records, action: str, amount: str, now: bool
) -> None:
    desk.clearing.terms = await unusual(records, action, now=now)
    ada, bob = await people(desk, 2, funds="100.00")
    seen = await preview_transfer(desk, ada.wallet_id, raw_to=bob.username, raw_amount=amount)
    done = await send(desk, ada, bob, amount)
    assert (seen.status, seen.reasons) == (done.transaction.status, done.transaction.risk_reasons)
    assert (seen.refusal and seen.refusal.code) == (done.refusal and done.refusal.code)
    risky = now and action != "off" and amount == "10.01"
    assert [reason.rule for reason in seen.reasons] == ([UnusualHour.name] if risky else [])
    statuses = {"confirm": Status.PENDING_CONFIRMATION, "block": Status.BLOCKED}
    assert seen.status is (statuses[action] if risky else Status.COMPLETED)


async def test_a_held_payment_can_be_confirmed_within_the_unusual_hours(desk: Desk, records: Records) -> None:
    desk.clearing.terms = await unusual(records, "confirm")
    ada, bob = await people(desk, 2, funds="100.00")
    held = (await send(desk, ada, bob, "20.00")).transaction
    assert (await confirm(desk, ada.wallet_id, held.id)).transaction.status is Status.COMPLETED
    assert await money(desk, bob) == (12_000, 0)


async def test_a_held_payment_is_blocked_when_the_rule_blocks_now(desk: Desk, records: Records) -> None:
    desk.clearing.terms = await unusual(records, "confirm")
    ada, bob = await people(desk, 2, funds="100.00")
    held = (await send(desk, ada, bob, "20.00")).transaction
    desk.clearing.terms = await unusual(records, "block")
    answer = await confirm(desk, ada.wallet_id, held.id)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "RISK_BLOCKED")
    assert [reason.rule for reason in answer.transaction.risk_reasons] == [UnusualHour.name]
    assert await money(desk, ada) == (10_000, 0)


async def test_a_held_payment_can_be_confirmed_after_the_unusual_hours(desk: Desk, records: Records) -> None:
    desk.clearing.terms = await unusual(records, "confirm")
    ada, bob = await people(desk, 2, funds="100.00")
    held = (await send(desk, ada, bob, "20.00")).transaction
    desk.clearing.terms = await unusual(records, "block", now=False)
    assert (await confirm(desk, ada.wallet_id, held.id)).transaction.status is Status.COMPLETED
