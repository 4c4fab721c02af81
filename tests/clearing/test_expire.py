"""A held payment that is not confirmed in time expires, and its sender gets the money back."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.expire import Expire
from pocketpay.payments.desk import Desk
from pocketpay.payments.preview import preview_transfer
from pocketpay.payments.sweeper import MAX_AT_ONCE, expire_overdue
from pocketpay.transactions.errors import NotFound
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction
from tests.payments.customers import Person, Records, balance, money, new_key, pay_in, people, person, send, terms


async def held(desk: Desk, *, key: str | None = None) -> tuple[Person, Person, Transaction]:
    ada, bob = await person(desk, funds="100.00"), await person(desk)
    return ada, bob, (await send(desk, ada, bob, "100.00", key=key)).transaction


async def test_a_payment_expires_by_the_databases_clock(desk: Desk, records: Records) -> None:
    desk.clearing.terms = replace(terms(), confirmation=timedelta(milliseconds=150))
    ada, bob, waiting = await held(desk)
    assert waiting.expires_at is not None
    assert waiting.expires_at - waiting.created_at == timedelta(milliseconds=150)
    early = await desk.submit(Expire(ada.wallet_id, waiting.id))
    assert early.transaction == waiting
    await asyncio.sleep(0.2)
    answer = await desk.submit(Expire(ada.wallet_id, waiting.id))
    assert answer.transaction.status is Status.EXPIRED
    assert waiting.expires_at <= answer.transaction.updated_at
    assert (await money(desk, ada), await money(desk, bob)) == ((10_000, 0), (0, 0))


async def test_an_expired_payment_returns_the_held_money(desk: Desk, records: Records) -> None:
    ada, _, waiting = await held(desk)
    before = await balance(desk, ada)
    await records.make_overdue(waiting.id)
    assert await expire_overdue(desk) >= 1
    kept = await records.transaction(waiting.id)
    assert (kept["status"], kept["version"], kept["failure_code"], kept["completed_at"]) == ("expired", 2, None, None)
    after = await balance(desk, ada)
    assert (after.held.minor, after.version) == (0, before.version + 1)
    assert await records.entries(waiting.id) == {}


async def test_a_payment_that_is_not_overdue_does_not_expire(desk: Desk, records: Records) -> None:
    await expire_overdue(desk)  # overdue payments of other tests
    ada, _, waiting = await held(desk)
    before = await records.checksum()
    await expire_overdue(desk)
    answer = await desk.submit(Expire(ada.wallet_id, waiting.id))
    assert answer.transaction == waiting
    assert await records.checksum() == before


async def test_expiring_an_expired_payment_again_changes_nothing(desk: Desk, records: Records) -> None:
    ada, _, waiting = await held(desk)
    await records.make_overdue(waiting.id)
    await expire_overdue(desk)
    before = await records.checksum()
    await expire_overdue(desk)
    answer = await desk.submit(Expire(ada.wallet_id, waiting.id))
    assert answer.transaction.status is Status.EXPIRED
    assert await records.checksum() == before


async def test_a_payment_is_not_found_by_another_wallet_that_expires_it(desk: Desk, records: Records) -> None:
    ada, bob, waiting = await held(desk)
    await records.make_overdue(waiting.id)
    for wallet_id, transaction_id in ((bob.wallet_id, waiting.id), (ada.wallet_id, uuids.uuid7())):
        with pytest.raises(NotFound):
            await desk.submit(Expire(wallet_id, transaction_id))


async def test_the_held_money_of_an_overdue_payment_can_be_spent_before_any_sweep(
    desk: Desk, records: Records
) -> None:
    ada, bob, waiting = await held(desk)
    await records.make_overdue(waiting.id)
    answer = await send(desk, ada, bob, "100.00")
    assert answer.transaction.status is Status.PENDING_CONFIRMATION
    assert (await records.transaction(waiting.id))["status"] == "expired"
    assert await money(desk, ada) == (10_000, 10_000)


async def test_any_order_of_the_sender_expires_their_overdue_payments(desk: Desk, records: Records) -> None:
    ada, _, waiting = await held(desk)
    await records.make_overdue(waiting.id)
    await pay_in(desk, ada, "1.00")
    assert (await records.transaction(waiting.id))["status"] == "expired"
    assert await money(desk, ada) == (10_100, 0)


async def test_reading_and_previewing_never_expire_a_payment(desk: Desk, records: Records) -> None:
    ada, bob, waiting = await held(desk)
    await records.make_overdue(waiting.id)
    before = await records.checksum()
    seen = await preview_transfer(desk, ada.wallet_id, raw_to=bob.username, raw_amount="100.00")
    assert seen.status is Status.PENDING_CONFIRMATION
    assert (await balance(desk, ada)).held.minor == 10_000
    assert await records.checksum() == before


async def test_the_replay_of_an_expired_payment_shows_it_as_expired(desk: Desk, records: Records) -> None:
    key = new_key()
    ada, bob, waiting = await held(desk, key=key)
    await records.make_overdue(waiting.id)
    again = await send(desk, ada, bob, "100.00", key=key)
    assert (again.transaction.status, again.replayed, again.refusal) == (Status.EXPIRED, True, None)
    assert again.balance.held.minor == 0


@pytest.mark.parametrize("state", ["frozen", "closed"])
async def test_a_payment_expires_even_if_its_wallet_was_frozen_or_closed_meanwhile(
    desk: Desk, records: Records, state: str
) -> None:
    ada, _, waiting = await held(desk)
    await (records.freeze(ada, "all") if state == "frozen" else records.close_wallet(ada))
    await records.make_overdue(waiting.id)
    await expire_overdue(desk)
    assert (await records.transaction(waiting.id))["status"] == "expired"
    assert await money(desk, ada) == (10_000, 0)


async def test_each_sweep_is_bounded_and_sweeps_end_when_nothing_is_overdue(desk: Desk, records: Records) -> None:
    senders = await people(desk, 5, funds="20.00")
    bob = await person(desk)
    held = [(await send(desk, sender, bob, "1.00")).transaction for sender in senders for _ in range(20)]
    await records.connection.execute(
        "update transactions set expires_at = clock_timestamp() where id = any($1::uuid[])", [one.id for one in held]
    )
    swept = []
    while many := await expire_overdue(desk):
        swept.append(many)
    assert max(swept) <= MAX_AT_ONCE
    assert [await money(desk, sender) for sender in senders] == [(2_000, 0)] * 5
