"""A preview returns the outcome that a payment would have now, and changes nothing."""

import pytest

from pocketpay.database.sessions import connect
from pocketpay.errors import Refusal
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.preview import TransferPreview, preview_transfer, preview_withdrawal
from pocketpay.transactions.errors import InsufficientFunds, InvalidAmount
from pocketpay.transactions.lifecycle import Status
from tests.payments.customers import (
    Person,
    Records,
    money,
    pay_out,
    people,
    person,
    send,
    terms,
    without_risk_rules,
)


async def previewed(desk: Desk, sender: Person, to: Person | str, amount: str) -> TransferPreview:
    name = to if isinstance(to, str) else to.username
    return await preview_transfer(desk, sender.wallet_id, raw_to=name, raw_amount=amount)


@pytest.mark.parametrize("rules", ["off", "confirm", "block"])
@pytest.mark.parametrize("amount", ["1.00", "100.00", "100.01"])
@pytest.mark.parametrize("frozen", [None, "debits"])
async def test_a_preview_predicts_the_transfer(
    desk: Desk, records: Records, rules: str, amount: str, frozen: str | None
) -> None:
    desk.clearing.terms = terms(new_recipient_action=rules, large_transfer_threshold="USD:50.00,JPY:1")
    ada, bob = await person(desk, funds="100.00"), await person(desk)
    await records.freeze(ada, frozen)
    before = await records.checksum()
    seen = await previewed(desk, ada, bob, amount)
    assert await records.checksum() == before
    done = await send(desk, ada, bob, amount)
    assert (seen.status, seen.reasons) == (done.transaction.status, done.transaction.risk_reasons)
    assert seen.available_after == done.balance.available
    assert (seen.refusal and seen.refusal.code) == (done.refusal and done.refusal.code)


@pytest.mark.parametrize("to", ["nobody_at_all", "not a name", "oneself", "yen", "closed", "frozen"])
async def test_a_preview_of_a_transfer_that_leaves_no_row_has_only_its_refusal(
    desk: Desk, records: Records, to: str
) -> None:
    ada, bob, yuki = await person(desk, funds="1.00"), await person(desk), await person(desk, currency="JPY")
    if to == "closed":
        await records.close_wallet(bob)
    if to == "frozen":
        await records.freeze(bob, "all")
    target = {"oneself": ada, "yen": yuki, "closed": bob, "frozen": bob}.get(to, to)
    seen = await previewed(desk, ada, target, "1.00")
    with pytest.raises(Refusal) as refused:
        await send(desk, ada, target, "1.00")
    assert seen.refusal is not None
    assert seen.refusal.code == refused.value.code
    assert (seen.status, seen.reasons, seen.available_after) == (None, (), None)


async def test_a_preview_counts_pending_transfers(desk: Desk) -> None:
    desk.clearing.terms = terms(pending_transfers=1)
    ada, bob = await people(desk, 2, funds="10.00")
    await send(desk, ada, bob, "1.00")
    seen = await previewed(desk, ada, bob, "1.00")
    assert seen.refusal is not None
    assert seen.refusal.code == "TOO_MANY_PENDING"


async def test_a_preview_above_the_balance_has_the_required_and_the_available_amount(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await send(desk, ada, bob, "4.00")
    seen = await previewed(desk, ada, bob, "6.01")
    assert isinstance(seen.refusal, InsufficientFunds)
    assert (seen.refusal.required.minor, seen.refusal.available.minor) == (601, 600)


@pytest.mark.parametrize("amount", ["0", "1.001", "10000000000.01"])
async def test_a_preview_of_an_invalid_amount_is_refused(desk: Desk, amount: str) -> None:
    ada, bob = await people(desk, 2)
    with pytest.raises(InvalidAmount):
        await previewed(desk, ada, bob, amount)


async def test_a_preview_does_not_wait_for_a_lock(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="10.00")
    other = await connect(desk.database.dsn)
    try:
        await other.execute("begin")
        await other.execute("select from ledger_accounts where id = $1 for no key update", ada.wallet_id)
        seen = await previewed(desk, ada, bob, "1.00")
        assert seen.available_after is not None
        assert seen.available_after.minor == 900
    finally:
        await other.close()
    assert await money(desk, ada) == (1_000, 0)


@pytest.mark.parametrize("speed", list(Speed))
@pytest.mark.parametrize("amount", ["1.00", "98.52", "98.53", "100.00", "100.01"])
@pytest.mark.parametrize("frozen", [None, "debits"])
async def test_a_preview_predicts_the_withdrawal(
    desk: Desk, records: Records, speed: Speed, amount: str, frozen: str | None
) -> None:
    ada = await person(desk, funds="100.00")
    await records.freeze(ada, frozen)
    before = await records.checksum()
    seen = await preview_withdrawal(desk, ada.wallet_id, raw_amount=amount, speed=speed)
    assert await records.checksum() == before
    done = await pay_out(desk, ada, amount, speed)
    accepted = Status.COMPLETED if seen.status is Status.CREATED else seen.status
    assert accepted is done.transaction.status
    assert (seen.amount, seen.fee) == (done.transaction.amount, done.transaction.fee)
    assert seen.available_after == done.balance.available
    assert (seen.refusal and seen.refusal.code) == (done.refusal and done.refusal.code)


async def test_a_preview_of_a_withdrawal_above_the_limit_has_what_remains(desk: Desk) -> None:
    desk.clearing.terms = terms(withdrawal_limit="60.00")
    ada = await person(desk, funds="100.00")
    await pay_out(desk, ada, "40.00")
    seen = await preview_withdrawal(desk, ada.wallet_id, raw_amount="20.01", speed=Speed.INSTANT)
    assert (seen.status, seen.available_after, str(seen.fee)) == (None, None, "0.30")
    assert seen.refusal is not None
    assert seen.refusal.code == "LIMIT_EXCEEDED"
    assert seen.limit is not None
    assert [str(one) for one in (seen.limit.total, seen.limit.used, seen.limit.remaining)] == [
        "60.00",
        "40.00",
        "20.00",
    ]
    within = await preview_withdrawal(desk, ada.wallet_id, raw_amount="20.00", speed=Speed.INSTANT)
    assert within.refusal is None  # the fee counts in no limit


async def test_a_preview_of_a_withdrawal_from_a_closed_wallet_has_only_its_refusal(
    desk: Desk, records: Records
) -> None:
    ada = await person(desk, funds="1.00")
    await records.close_wallet(ada)
    seen = await preview_withdrawal(desk, ada.wallet_id, raw_amount="1.00", speed=Speed.STANDARD)
    await records.reopen_wallets()
    assert seen.refusal is not None
    assert (seen.refusal.code, seen.status, seen.available_after) == ("WALLET_CLOSED", None, None)


@pytest.mark.parametrize("amount", ["0", "1.001", "10000000000.01"])
async def test_a_preview_of_a_withdrawal_of_an_invalid_amount_is_refused(desk: Desk, amount: str) -> None:
    ada = await person(desk)
    with pytest.raises(InvalidAmount):
        await preview_withdrawal(desk, ada.wallet_id, raw_amount=amount, speed=Speed.STANDARD)
