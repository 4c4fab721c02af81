"""Paying a money request: the results for the payment and the request, and the refusals."""

from datetime import timedelta

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.footprint import Key
from pocketpay.errors import Refusal
from pocketpay.payments.cancel import cancel
from pocketpay.payments.cancel_request import cancel_request
from pocketpay.payments.confirm import confirm
from pocketpay.payments.decline_request import decline_request
from pocketpay.payments.desk import Desk
from pocketpay.payments.pay_request import PayRequest
from pocketpay.requests.money_request import MoneyRequest, RequestDetails, RequestStatus
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.transactions.errors import InsufficientFunds, KeyReused, NotFound, WrongState
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Type
from tests.payments.customers import (
    Person,
    Records,
    balance,
    known_pair,
    money,
    new_key,
    new_money_request,
    pay_money_request,
    people,
    person,
    send,
    terms,
    without_risk_rules,
)


async def requested(desk: Desk, amount: str = "40.00") -> tuple[Person, Person, MoneyRequest]:
    """Ada, the requester; Bob, the payer, with 100.00; and the request."""
    ada, bob = await person(desk), await person(desk, funds="100.00")
    return ada, bob, await new_money_request(desk, ada, bob, amount)


async def refused(desk: Desk, payer: Person, request: MoneyRequest, *, key: str | None = None) -> Refusal:
    """The refusal of a payment, raised or in its answer."""
    try:
        answer = await pay_money_request(desk, payer, request, key=key)
    except Refusal as refusal:
        return refusal
    assert answer.refusal is not None, answer.transaction.status
    return answer.refusal


# ---------------------------------------------------------------- results


async def test_a_payment_without_risk_completes_and_its_request_is_paid(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob, request = await requested(desk)
    answer = await pay_money_request(desk, bob, request)
    done = answer.transaction
    assert (done.type, done.status, done.request_id) == (Type.REQUEST, Status.COMPLETED, request.id)
    assert (done.source_wallet_id, done.destination_wallet_id) == (bob.wallet_id, ada.wallet_id)
    assert (done.amount, done.description) == (request.amount, request.description)
    assert await records.entries(done.id) == {bob.wallet_id: -4_000, ada.wallet_id: 4_000}
    assert (await money(desk, ada), await money(desk, bob)) == ((4_000, 0), (6_000, 0))
    kept = await records.request(request.id)
    assert (kept["status"], kept["version"], kept["updated_at"]) == ("paid", 2, done.completed_at)


async def test_a_risky_payment_is_held_and_its_request_does_not_change(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    before, known = await balance(desk, ada), await records.request(request.id)
    answer = await pay_money_request(desk, bob, request)
    held = answer.transaction
    assert (held.status, [reason.rule for reason in held.risk_reasons]) == (
        Status.PENDING_CONFIRMATION,
        [NewRecipient.name],
    )
    assert held.expires_at is not None
    assert held.expires_at - held.created_at == timedelta(minutes=15)
    assert await money(desk, bob) == (10_000, 4_000)
    assert await balance(desk, ada) == before
    assert await records.request(request.id) == known


async def test_confirming_a_payment_marks_its_request_as_paid(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_money_request(desk, bob, request)).transaction
    done = (await confirm(desk, bob.wallet_id, held.id)).transaction
    assert (done.status, (await records.request(request.id))["status"]) == (Status.COMPLETED, "paid")
    assert (await money(desk, ada), await money(desk, bob)) == ((4_000, 0), (6_000, 0))


@pytest.mark.parametrize("how", ["cancelled", "expired", "blocked", "failed"])
async def test_a_request_whose_payment_was_not_completed_can_be_paid_again(
    desk: Desk, records: Records, how: str
) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_money_request(desk, bob, request)).transaction
    match how:
        case "cancelled":
            await cancel(desk, bob.wallet_id, held.id)
        case "expired":
            await records.make_overdue(held.id)
        case "blocked":
            await records.freeze(bob, "debits")
            await confirm(desk, bob.wallet_id, held.id)
            await records.freeze(bob, None)
        case "failed":
            await records.freeze(ada, "all")
            await confirm(desk, bob.wallet_id, held.id)
            await records.freeze(ada, None)
    assert (await records.request(request.id))["version"] == 1
    desk.clearing.terms = without_risk_rules()
    assert (await pay_money_request(desk, bob, request)).transaction.status is Status.COMPLETED
    assert (await records.transaction(held.id))["status"] == how
    assert (await records.request(request.id))["status"] == "paid"


@pytest.mark.parametrize("why", ["INSUFFICIENT_FUNDS", "RISK_BLOCKED", "WALLET_FROZEN"])
async def test_a_failed_or_blocked_payment_is_stored_and_its_request_stays_pending(
    desk: Desk, records: Records, why: str
) -> None:
    _, bob, request = await requested(desk, "100.01" if why == "INSUFFICIENT_FUNDS" else "40.00")
    if why == "RISK_BLOCKED":
        desk.clearing.terms = terms(new_recipient_action="block")
    if why == "WALLET_FROZEN":
        await records.freeze(bob, "debits")
    answer = await pay_money_request(desk, bob, request)
    status = Status.FAILED if why == "INSUFFICIENT_FUNDS" else Status.BLOCKED
    assert (answer.transaction.status, answer.transaction.request_id) == (status, request.id)
    assert answer.refusal is not None
    assert answer.refusal.code == why
    kept = await records.request(request.id)
    assert (kept["status"], kept["version"]) == ("pending", 1)
    assert await money(desk, bob) == (10_000, 0)


async def test_a_requester_who_was_paid_is_a_known_recipient(desk: Desk) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_money_request(desk, bob, request)).transaction
    await confirm(desk, bob.wallet_id, held.id)
    assert (await send(desk, bob, ada, "1.00")).transaction.status is Status.COMPLETED


async def test_paid_requests_count_as_rapid_transfers_and_toward_the_limit(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules(transfer_limit="USD:30.00,JPY:3000")
    ada, bob, request = await requested(desk, "20.00")
    await pay_money_request(desk, bob, request)
    assert (await refused(desk, bob, await new_money_request(desk, ada, bob, "10.01"))).code == "LIMIT_EXCEEDED"
    desk.clearing.terms = without_risk_rules(rapid_transfer_action="confirm", rapid_transfer_count=1)
    assert (
        await pay_money_request(desk, bob, await new_money_request(desk, ada, bob, "1.00"))
    ).transaction.status is (Status.PENDING_CONFIRMATION)


async def test_a_held_payment_expires_no_later_than_its_request(desk: Desk, records: Records) -> None:
    """Otherwise a request that stays open after its time would reveal to the requester that money is held."""
    _, bob, request = await requested(desk)
    await records.connection.execute(
        "update money_requests set expires_at = clock_timestamp() + interval '1 minute' where id = $1", request.id
    )
    held = (await pay_money_request(desk, bob, request)).transaction
    assert held.expires_at == (await records.request(request.id))["expires_at"]


# ---------------------------------------------------------------- refusals


async def test_only_the_payer_can_pay_a_request(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    stranger = await person(desk, funds="100.00")
    before = await records.checksum()
    for who in (ada, stranger):
        refusal = await refused(desk, who, request)
        assert isinstance(refusal, NotFound)
        assert (refusal.code, refusal.field) == ("NOT_FOUND", "id")
    nowhere = PayRequest(uuids.uuid7(), bob.wallet_id, uuids.uuid7(), None, _key(bob))
    with pytest.raises(NotFound):
        await desk.submit(nowhere)
    theirs = PayRequest(uuids.uuid7(), stranger.wallet_id, request.id, RequestDetails.of(request), _key(stranger))
    with pytest.raises(NotFound):
        await desk.submit(theirs)
    assert await records.checksum() == before


def _key(whose: Person) -> Key:
    return Key(whose.wallet_id, new_key(), "payRequest", bytes(32))


@pytest.mark.parametrize("ended", ["paid", "declined", "cancelled", "expired"])
async def test_a_request_that_has_ended_cannot_be_paid(desk: Desk, records: Records, ended: str) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob, request = await requested(desk)
    match ended:
        case "paid":
            await pay_money_request(desk, bob, request)
        case "declined":
            await decline_request(desk, bob.wallet_id, request.id)
        case "cancelled":
            await cancel_request(desk, ada.wallet_id, request.id)
        case "expired":
            await records.make_request_overdue(request.id)
    kept = None if ended == "expired" else await records.checksum()
    refusal = await refused(desk, bob, request)
    assert isinstance(refusal, WrongState)
    assert (refusal.field, refusal.status) == ("id", RequestStatus(ended))
    assert (await records.request(request.id))["status"] == ended
    assert kept is None or await records.checksum() == kept
    assert (await money(desk, bob))[1] == 0


async def test_a_request_with_a_pending_payment_cannot_be_paid_again(desk: Desk, records: Records) -> None:
    _, bob, request = await requested(desk)
    await pay_money_request(desk, bob, request)
    before = await records.checksum()
    refusal = await refused(desk, bob, request)
    assert isinstance(refusal, WrongState)
    assert refusal.status is Status.PENDING_CONFIRMATION
    assert await records.checksum() == before


@pytest.mark.parametrize(
    ("whose", "state", "code", "field"),
    [
        ("requester", "closed", "RECIPIENT_NOT_FOUND", "to"),
        ("requester", "all", "RECIPIENT_NOT_FOUND", "to"),
        ("payer", "closed", "WALLET_CLOSED", None),
    ],
)
async def test_paying_a_request_with_a_closed_or_fully_frozen_wallet_leaves_no_row(
    desk: Desk, records: Records, whose: str, state: str, code: str, field: str | None
) -> None:
    ada, bob, request = await requested(desk)
    one = ada if whose == "requester" else bob
    await (records.close_wallet(one) if state == "closed" else records.freeze(one, state))
    before = await records.checksum()
    refusal = await refused(desk, bob, request)
    assert (refusal.code, refusal.field) == (code, field)
    assert await records.checksum() == before


async def test_an_ended_request_is_refused_before_a_frozen_wallet_and_missing_funds(
    desk: Desk, records: Records
) -> None:
    ada, bob = await people(desk, 2)
    request = await new_money_request(desk, ada, bob, "1.00")
    await records.freeze(bob, "debits")
    assert (await refused(desk, bob, request)).code == "WALLET_FROZEN"
    await records.freeze(bob, None)
    assert isinstance(await refused(desk, bob, request), InsufficientFunds)
    await records.make_request_overdue(request.id)
    await records.freeze(bob, "debits")
    assert (await refused(desk, bob, request)).code == "WRONG_STATE"


async def test_too_many_pending_payments_are_refused(desk: Desk) -> None:
    desk.clearing.terms = terms(pending_transfers=1, rapid_transfer_action="off")
    ada, bob = await known_pair(desk, funds="5000.00")
    await send(desk, ada, bob, "600.00")
    assert (await refused(desk, ada, await new_money_request(desk, bob, ada, "600.00"))).code == "TOO_MANY_PENDING"


async def test_a_payment_of_an_ended_request_cannot_be_confirmed(desk: Desk, records: Records) -> None:
    """Whatever has ended the request: here its status is changed directly in the table."""
    _, bob, request = await requested(desk)
    held = (await pay_money_request(desk, bob, request)).transaction
    await records.connection.execute("update money_requests set status = 'cancelled' where id = $1", request.id)
    with pytest.raises(WrongState) as refusal:
        await confirm(desk, bob.wallet_id, held.id)
    assert refusal.value.status is RequestStatus.CANCELLED
    assert await money(desk, bob) == (10_000, 4_000)
    await cancel(desk, bob.wallet_id, held.id)


# ---------------------------------------------------------------- repeated payments


async def test_repeating_a_payment_with_its_key_returns_its_current_state(desk: Desk, records: Records) -> None:
    _, bob, request = await requested(desk)
    key = new_key()
    first = await pay_money_request(desk, bob, request, key=key)
    before = await records.checksum()
    again = await pay_money_request(desk, bob, request, key=key)
    assert (again.transaction, again.replayed) == (first.transaction, True)
    assert await records.checksum() == before
    await confirm(desk, bob.wallet_id, first.transaction.id)
    again = await pay_money_request(desk, bob, request, key=key)
    assert (again.transaction.status, again.replayed, again.refusal) == (Status.COMPLETED, True, None)


async def test_a_replay_of_a_failed_payment_has_the_first_refusal(desk: Desk) -> None:
    _, bob, request = await requested(desk, "100.01")
    key = new_key()
    first = await refused(desk, bob, request, key=key)
    again = await refused(desk, bob, request, key=key)
    assert isinstance(first, InsufficientFunds)
    assert isinstance(again, InsufficientFunds)
    assert (again.required, again.available) == (first.required, first.available)


async def test_an_idempotency_key_is_valid_for_one_payment_of_a_request_only(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob, request = await requested(desk)
    other = await new_money_request(desk, ada, bob, "1.00")
    key = new_key()
    await pay_money_request(desk, bob, request, key=key)
    before = await records.checksum()
    assert isinstance(await refused(desk, bob, other, key=key), KeyReused)
    assert await records.checksum() == before


async def test_an_invalid_idempotency_key_is_refused(desk: Desk, records: Records) -> None:
    _, bob, request = await requested(desk)
    before = await records.checksum()
    refusal = await refused(desk, bob, request, key="short")
    assert (refusal.code, refusal.field) == ("INVALID_INPUT", "idempotencyKey")
    assert await records.checksum() == before
