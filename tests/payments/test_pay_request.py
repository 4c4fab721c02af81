"""Paying a money request: what becomes of it and of the request, and what is refused."""

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
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.requests.repository import RequestDetails
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.transactions.errors import InsufficientFunds, KeyReused, NotFound, WrongState
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Type
from tests.payments.customers import (
    Person,
    Records,
    ask,
    balance,
    known_pair,
    money,
    new_key,
    pay_asked,
    people,
    person,
    send,
    terms,
    unguarded,
)


async def requested(desk: Desk, amount: str = "40.00") -> tuple[Person, Person, MoneyRequest]:
    """Ada, who asks; Bob with 100.00, who is asked; the request."""
    ada, bob = await person(desk), await person(desk, funds="100.00")
    return ada, bob, await ask(desk, ada, bob, amount)


async def refused(desk: Desk, payer: Person, request: MoneyRequest, *, key: str | None = None) -> Refusal:
    """The refusal that paying meets, raised or in its answer."""
    try:
        answer = await pay_asked(desk, payer, request, key=key)
    except Refusal as refusal:
        return refusal
    assert answer.refusal is not None, answer.transaction.status
    return answer.refusal


# ---------------------------------------------------------------- what comes of it


async def test_safe_payment_completes_and_its_request_is_paid(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob, request = await requested(desk)
    answer = await pay_asked(desk, bob, request)
    done = answer.transaction
    assert (done.type, done.status, done.request_id) == (Type.REQUEST, Status.COMPLETED, request.id)
    assert (done.source_wallet_id, done.destination_wallet_id) == (bob.wallet_id, ada.wallet_id)
    assert (done.amount, done.description) == (request.amount, request.description)
    assert await records.entries(done.id) == {bob.wallet_id: -4_000, ada.wallet_id: 4_000}
    assert (await money(desk, ada), await money(desk, bob)) == ((4_000, 0), (6_000, 0))
    kept = await records.request(request.id)
    assert (kept["status"], kept["version"], kept["updated_at"]) == ("paid", 2, done.completed_at)


async def test_risky_payment_is_held_and_its_request_stays_as_it_is(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    before, known = await balance(desk, ada), await records.request(request.id)
    answer = await pay_asked(desk, bob, request)
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


async def test_confirmed_payment_makes_its_request_paid(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_asked(desk, bob, request)).transaction
    done = (await confirm(desk, bob.wallet_id, held.id)).transaction
    assert (done.status, (await records.request(request.id))["status"]) == (Status.COMPLETED, "paid")
    assert (await money(desk, ada), await money(desk, bob)) == ((4_000, 0), (6_000, 0))


@pytest.mark.parametrize("how", ["cancelled", "expired", "blocked", "failed"])
async def test_request_whose_payment_ended_can_be_paid_again(desk: Desk, records: Records, how: str) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_asked(desk, bob, request)).transaction
    match how:
        case "cancelled":
            await cancel(desk, bob.wallet_id, held.id)
        case "expired":
            await records.let_lapse(held.id)
        case "blocked":
            await records.freeze(bob, "debits")
            await confirm(desk, bob.wallet_id, held.id)
            await records.freeze(bob, None)
        case "failed":
            await records.freeze(ada, "all")
            await confirm(desk, bob.wallet_id, held.id)
            await records.freeze(ada, None)
    assert (await records.request(request.id))["version"] == 1
    desk.clearing.terms = unguarded()
    assert (await pay_asked(desk, bob, request)).transaction.status is Status.COMPLETED
    assert (await records.transaction(held.id))["status"] == how
    assert (await records.request(request.id))["status"] == "paid"


@pytest.mark.parametrize("why", ["INSUFFICIENT_FUNDS", "RISK_BLOCKED", "WALLET_FROZEN"])
async def test_payment_that_failed_or_was_blocked_leaves_a_row_and_the_request_pending(
    desk: Desk, records: Records, why: str
) -> None:
    _, bob, request = await requested(desk, "100.01" if why == "INSUFFICIENT_FUNDS" else "40.00")
    if why == "RISK_BLOCKED":
        desk.clearing.terms = terms(new_recipient_action="block")
    if why == "WALLET_FROZEN":
        await records.freeze(bob, "debits")
    answer = await pay_asked(desk, bob, request)
    status = Status.FAILED if why == "INSUFFICIENT_FUNDS" else Status.BLOCKED
    assert (answer.transaction.status, answer.transaction.request_id) == (status, request.id)
    assert answer.refusal is not None
    assert answer.refusal.code == why
    kept = await records.request(request.id)
    assert (kept["status"], kept["version"]) == ("pending", 1)
    assert await money(desk, bob) == (10_000, 0)


async def test_who_was_paid_by_a_request_is_a_known_recipient(desk: Desk) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_asked(desk, bob, request)).transaction
    await confirm(desk, bob.wallet_id, held.id)
    assert (await send(desk, bob, ada, "1.00")).transaction.status is Status.COMPLETED


async def test_paid_requests_count_as_rapid_and_within_the_limit(desk: Desk) -> None:
    desk.clearing.terms = unguarded(transfer_limit="USD:30.00,JPY:3000")
    ada, bob, request = await requested(desk, "20.00")
    await pay_asked(desk, bob, request)
    assert (await refused(desk, bob, await ask(desk, ada, bob, "10.01"))).code == "LIMIT_EXCEEDED"
    desk.clearing.terms = unguarded(rapid_transfer_action="confirm", rapid_transfer_count=1)
    assert (await pay_asked(desk, bob, await ask(desk, ada, bob, "1.00"))).transaction.status is (
        Status.PENDING_CONFIRMATION
    )


async def test_held_payment_has_no_longer_than_its_request(desk: Desk, records: Records) -> None:
    """Otherwise whoever asked could tell from a request that lasts on that money is promised."""
    _, bob, request = await requested(desk)
    await records.connection.execute(
        "update money_requests set expires_at = clock_timestamp() + interval '1 minute' where id = $1", request.id
    )
    held = (await pay_asked(desk, bob, request)).transaction
    assert held.expires_at == (await records.request(request.id))["expires_at"]


# ---------------------------------------------------------------- what is refused


async def test_only_who_was_asked_pays(desk: Desk, records: Records) -> None:
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
async def test_request_that_has_ended_is_not_paid(desk: Desk, records: Records, ended: str) -> None:
    desk.clearing.terms = unguarded()
    ada, bob, request = await requested(desk)
    match ended:
        case "paid":
            await pay_asked(desk, bob, request)
        case "declined":
            await decline_request(desk, bob.wallet_id, request.id)
        case "cancelled":
            await cancel_request(desk, ada.wallet_id, request.id)
        case "expired":
            await records.let_request_lapse(request.id)
    kept = None if ended == "expired" else await records.checksum()
    refusal = await refused(desk, bob, request)
    assert isinstance(refusal, WrongState)
    assert (refusal.field, refusal.status) == ("id", RequestStatus(ended))
    assert (await records.request(request.id))["status"] == ended
    assert kept is None or await records.checksum() == kept
    assert (await money(desk, bob))[1] == 0


async def test_request_is_not_paid_twice_while_a_payment_waits(desk: Desk, records: Records) -> None:
    _, bob, request = await requested(desk)
    await pay_asked(desk, bob, request)
    before = await records.checksum()
    refusal = await refused(desk, bob, request)
    assert isinstance(refusal, WrongState)
    assert refusal.status is Status.PENDING_CONFIRMATION
    assert await records.checksum() == before


@pytest.mark.parametrize(
    ("whose", "state", "code", "field"),
    [
        ("asker", "closed", "RECIPIENT_NOT_FOUND", "to"),
        ("asker", "all", "RECIPIENT_NOT_FOUND", "to"),
        ("payer", "closed", "WALLET_CLOSED", None),
    ],
)
async def test_wallets_that_may_not_pay_or_be_paid_are_refused_and_leave_nothing(
    desk: Desk, records: Records, whose: str, state: str, code: str, field: str | None
) -> None:
    ada, bob, request = await requested(desk)
    one = ada if whose == "asker" else bob
    await (records.close_wallet(one) if state == "closed" else records.freeze(one, state))
    before = await records.checksum()
    refusal = await refused(desk, bob, request)
    assert (refusal.code, refusal.field) == (code, field)
    assert await records.checksum() == before


async def test_state_is_refused_before_frozen_and_poor(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    request = await ask(desk, ada, bob, "1.00")
    await records.freeze(bob, "debits")
    assert (await refused(desk, bob, request)).code == "WALLET_FROZEN"
    await records.freeze(bob, None)
    assert isinstance(await refused(desk, bob, request), InsufficientFunds)
    await records.let_request_lapse(request.id)
    await records.freeze(bob, "debits")
    assert (await refused(desk, bob, request)).code == "WRONG_STATE"


async def test_too_many_payments_that_wait_are_refused(desk: Desk) -> None:
    desk.clearing.terms = terms(pending_transfers=1, rapid_transfer_action="off")
    ada, bob = await known_pair(desk, funds="5000.00")
    await send(desk, ada, bob, "600.00")
    assert (await refused(desk, ada, await ask(desk, bob, ada, "600.00"))).code == "TOO_MANY_PENDING"


async def test_confirmation_never_completes_a_payment_of_a_request_that_has_ended(
    desk: Desk, records: Records
) -> None:
    """However it came to be so."""
    _, bob, request = await requested(desk)
    held = (await pay_asked(desk, bob, request)).transaction
    await records.connection.execute("update money_requests set status = 'cancelled' where id = $1", request.id)
    with pytest.raises(WrongState) as refusal:
        await confirm(desk, bob.wallet_id, held.id)
    assert refusal.value.status is RequestStatus.CANCELLED
    assert await money(desk, bob) == (10_000, 4_000)
    await cancel(desk, bob.wallet_id, held.id)


# ---------------------------------------------------------------- paying twice


async def test_said_again_with_its_key_it_is_the_same_payment_as_it_is_now(desk: Desk, records: Records) -> None:
    _, bob, request = await requested(desk)
    key = new_key()
    first = await pay_asked(desk, bob, request, key=key)
    before = await records.checksum()
    again = await pay_asked(desk, bob, request, key=key)
    assert (again.transaction, again.replayed) == (first.transaction, True)
    assert await records.checksum() == before
    await confirm(desk, bob.wallet_id, first.transaction.id)
    again = await pay_asked(desk, bob, request, key=key)
    assert (again.transaction.status, again.replayed, again.refusal) == (Status.COMPLETED, True, None)


async def test_replay_of_what_failed_has_its_first_refusal(desk: Desk) -> None:
    _, bob, request = await requested(desk, "100.01")
    key = new_key()
    first = await refused(desk, bob, request, key=key)
    again = await refused(desk, bob, request, key=key)
    assert isinstance(first, InsufficientFunds)
    assert isinstance(again, InsufficientFunds)
    assert (again.required, again.available) == (first.required, first.available)


async def test_key_is_good_for_one_request(desk: Desk, records: Records) -> None:
    desk.clearing.terms = unguarded()
    ada, bob, request = await requested(desk)
    other = await ask(desk, ada, bob, "1.00")
    key = new_key()
    await pay_asked(desk, bob, request, key=key)
    before = await records.checksum()
    assert isinstance(await refused(desk, bob, other, key=key), KeyReused)
    assert await records.checksum() == before


async def test_key_that_cannot_be_one_is_refused(desk: Desk, records: Records) -> None:
    _, bob, request = await requested(desk)
    before = await records.checksum()
    refusal = await refused(desk, bob, request, key="short")
    assert (refusal.code, refusal.field) == ("INVALID_INPUT", "idempotencyKey")
    assert await records.checksum() == before
