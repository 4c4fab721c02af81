"""Declining and cancelling a money request: who may do it, what ends with it, and what repeating it does."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer
from pocketpay.errors import Refusal
from pocketpay.payments.cancel_request import CancelRequest, cancel_request
from pocketpay.payments.confirm import confirm
from pocketpay.payments.decline_request import DeclineRequest, decline_request
from pocketpay.payments.desk import Desk
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.lifecycle import Status
from tests.clearing.instructions import transfer_of
from tests.payments.customers import (
    Person,
    Records,
    balance,
    known_pair,
    money,
    new_money_request,
    pay_money_request,
    people,
    person,
    send,
    without_risk_rules,
)

Verb = Callable[[Desk, UUID, UUID], Awaitable[Answer]]


async def requested(desk: Desk, amount: str = "40.00") -> tuple[Person, Person, MoneyRequest]:
    """Ada, the requester; Bob, the payer, with 100.00; and the request."""
    ada, bob = await person(desk), await person(desk, funds="100.00")
    return ada, bob, await new_money_request(desk, ada, bob, amount)


async def refused(desk: Desk, verb: Verb, who: Person, request_id: UUID) -> Refusal:
    with pytest.raises(Refusal) as raised:
        await verb(desk, who.wallet_id, request_id)
    return raised.value


async def end_request(desk: Desk, verb: Verb, ada: Person, bob: Person, request: MoneyRequest) -> Answer:
    """Declines the request as its payer, or cancels it as its requester."""
    return await verb(desk, (bob if verb is decline_request else ada).wallet_id, request.id)


BOTH = pytest.mark.parametrize(
    ("verb", "reached"),
    [(decline_request, RequestStatus.DECLINED), (cancel_request, RequestStatus.CANCELLED)],
)


@BOTH
async def test_declining_or_cancelling_a_request_moves_no_money(
    desk: Desk, records: Records, verb: Verb, reached: RequestStatus
) -> None:
    ada, bob, request = await requested(desk)
    before = await balance(desk, ada), await balance(desk, bob)
    answer = await end_request(desk, verb, ada, bob, request)
    (ended,) = answer.requests
    assert (ended.status, ended.version, answer.replayed) == (reached, 2, False)
    assert ended.updated_at > request.updated_at
    assert (await balance(desk, ada), await balance(desk, bob)) == before
    assert (await records.request(request.id))["status"] == reached


@BOTH
async def test_repeating_a_decline_or_a_cancellation_returns_the_same_state(
    desk: Desk, records: Records, verb: Verb, reached: RequestStatus
) -> None:
    ada, bob, request = await requested(desk)
    first = await end_request(desk, verb, ada, bob, request)
    before = await records.checksum()
    again = await end_request(desk, verb, ada, bob, request)
    assert (again.requests, again.replayed) == (first.requests, True)
    assert await records.checksum() == before


@BOTH
async def test_a_held_payment_ends_with_its_request_and_its_money_is_released(
    desk: Desk, records: Records, verb: Verb, reached: RequestStatus
) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_money_request(desk, bob, request)).transaction
    assert await money(desk, bob) == (10_000, 4_000)
    await end_request(desk, verb, ada, bob, request)
    assert (await records.request(request.id))["status"] == reached
    assert (await records.transaction(held.id))["status"] == "cancelled"
    assert (await money(desk, ada), await money(desk, bob)) == ((0, 0), (10_000, 0))
    with pytest.raises(WrongState) as refusal:
        await confirm(desk, bob.wallet_id, held.id)
    assert refusal.value.status is Status.CANCELLED


@BOTH
async def test_an_overdue_payment_expires_when_its_request_ends(
    desk: Desk, records: Records, verb: Verb, reached: RequestStatus
) -> None:
    ada, bob, request = await requested(desk)
    late = (await pay_money_request(desk, bob, request)).transaction
    assert late.status is Status.PENDING_CONFIRMATION
    await records.make_overdue(late.id)
    await end_request(desk, verb, ada, bob, request)
    assert (await records.transaction(late.id))["status"] == Status.EXPIRED
    assert (await records.request(request.id))["status"] == reached
    assert await money(desk, bob) == (100_00, 0)


@BOTH
@pytest.mark.parametrize("before", ["paid", "declined", "cancelled", "expired"])
async def test_ending_a_request_that_ended_another_way_is_refused(
    desk: Desk, records: Records, verb: Verb, reached: RequestStatus, before: str
) -> None:
    if before == reached:
        return
    ada, bob, request = await requested(desk)
    match before:
        case "paid":
            desk.clearing.terms = without_risk_rules()
            await pay_money_request(desk, bob, request)
        case "declined":
            await decline_request(desk, bob.wallet_id, request.id)
        case "cancelled":
            await cancel_request(desk, ada.wallet_id, request.id)
        case "expired":
            await records.make_request_overdue(request.id)
    kept = None if before == "expired" else await records.checksum()
    with pytest.raises(WrongState) as refusal:
        await end_request(desk, verb, ada, bob, request)
    assert (refusal.value.field, refusal.value.status) == ("id", RequestStatus(before))
    assert (await records.request(request.id))["status"] == before
    assert kept is None or await records.checksum() == kept


async def test_only_the_payer_can_decline_and_only_the_requester_can_cancel(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    stranger = await person(desk)
    before = await records.checksum()
    for verb, whose in ((decline_request, (ada, stranger)), (cancel_request, (bob, stranger))):
        for who in whose:
            refusal = await refused(desk, verb, who, request.id)
            assert isinstance(refusal, NotFound)
            assert (refusal.code, refusal.field) == ("NOT_FOUND", "id")
        assert isinstance(await refused(desk, verb, ada, uuids.uuid7()), NotFound)
    assert await records.checksum() == before


async def test_the_instructions_refuse_everybody_but_the_payer_or_the_requester(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    stranger = await person(desk)
    orders = [DeclineRequest(one.wallet_id, request.id) for one in (ada, stranger)]
    orders += [DeclineRequest(bob.wallet_id, uuids.uuid7())]
    taking_back = [
        CancelRequest(bob.wallet_id, ada.wallet_id, request.id),
        CancelRequest(stranger.wallet_id, bob.wallet_id, request.id),
        CancelRequest(ada.wallet_id, stranger.wallet_id, request.id),
    ]
    before = await records.checksum()
    all_orders: list[Instruction] = [*orders, *taking_back]
    for order in all_orders:
        with pytest.raises(NotFound):
            await desk.submit(order)
    assert await records.checksum() == before


@BOTH
@pytest.mark.parametrize("state", ["debits", "all"])
async def test_frozen_wallets_can_still_decline_and_cancel(
    desk: Desk, records: Records, verb: Verb, reached: RequestStatus, state: str
) -> None:
    ada, bob, request = await requested(desk)
    for one in (ada, bob):
        await records.freeze(one, state)
    assert (await end_request(desk, verb, ada, bob, request)).requests[0].status is reached


async def test_cancelling_does_not_reveal_a_held_payment_to_the_requester(desk: Desk) -> None:
    """The answer, the request and the wallet are the same as without a held payment."""
    seen = []
    for pays in (False, True):
        ada, bob, request = await requested(desk)
        if pays:
            await pay_money_request(desk, bob, request)
        before = await balance(desk, ada)
        answer = await cancel_request(desk, ada.wallet_id, request.id)
        (ended,) = answer.requests
        seen.append((ended.version, ended.status, answer.replayed, answer.refusal, answer.balance == before))
    assert seen[0] == seen[1]


async def test_declining_one_request_keeps_the_held_payment_of_another(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    first, second = await new_money_request(desk, ada, bob, "10.00"), await new_money_request(desk, ada, bob, "20.00")
    held = (await pay_money_request(desk, bob, first)).transaction
    await decline_request(desk, bob.wallet_id, second.id)
    assert (await records.transaction(held.id))["status"] == "pending_confirmation"
    assert await money(desk, bob) == (10_000, 1_000)


async def test_ending_a_held_payment_keeps_the_other_payments_in_the_rapid_count(
    desk: Desk, records: Records
) -> None:
    """In one unit of work one of five recent payments ends. Four are still above the count of three."""
    ada, bob = await known_pair(desk, funds="100.00")
    desk.clearing.terms = without_risk_rules()
    for _ in range(3):
        await send(desk, ada, bob, "1.00")
    request = await new_money_request(desk, bob, ada, "2.00")
    desk.clearing.terms = without_risk_rules(
        new_recipient_action="off", rapid_transfer_action="confirm", rapid_transfer_count=3
    )
    held = (await pay_money_request(desk, ada, request)).transaction
    assert held.status is Status.PENDING_CONFIRMATION
    units = desk.clearing.counts.units
    declined, paid = await asyncio.gather(
        desk.submit(DeclineRequest(ada.wallet_id, request.id)),
        desk.submit(transfer_of(ada, bob)),
    )
    assert desk.clearing.counts.units == units + 1
    assert declined.requests[0].status is RequestStatus.DECLINED
    assert paid.transaction.status is Status.PENDING_CONFIRMATION
