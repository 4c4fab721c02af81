"""Freezing a wallet: its payments are blocked, pending ones are handled, and the operator is recorded."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pocketpay.clearing.outcome import Answer
from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import InvalidInput, WalletClosed
from pocketpay.transactions.lifecycle import Status
from pocketpay.wallets.balance import Freeze, WalletStatus
from tests.operations.operators import acts_about, freeze, unfreeze
from tests.payments.customers import (
    Person,
    Records,
    balance,
    money,
    pay_in,
    pay_out,
    people,
    person,
    send,
    without_risk_rules,
)

ROUNDS = 12

Pay = Callable[[Desk, Person, Person], Awaitable[Answer]]
PAYING: dict[str, Pay] = {
    "transfer": lambda desk, ada, bob: send(desk, ada, bob, "1.00"),
    "withdraw": lambda desk, ada, bob: pay_out(desk, ada, "1.00"),
}


@pytest.mark.parametrize("verb", PAYING)
@pytest.mark.parametrize("what", Freeze)
async def test_every_payment_of_a_frozen_wallet_is_blocked_with_wallet_frozen(
    desk: Desk, verb: str, what: Freeze
) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    frozen = await freeze(desk, ada, what)
    assert (frozen.balance.standing.status, frozen.balance.standing.frozen_for) == (WalletStatus.FROZEN, what)
    answer = await PAYING[verb](desk, ada, bob)
    assert answer.transaction.status is Status.BLOCKED
    assert answer.refusal is not None
    assert answer.refusal.code == answer.transaction.failure_code == "WALLET_FROZEN"
    assert await money(desk, ada) == (10_000, 0)
    await unfreeze(desk, ada)
    assert (await PAYING[verb](desk, ada, bob)).transaction.status is Status.COMPLETED


async def test_a_held_payment_of_a_wallet_frozen_meanwhile_is_blocked_and_releases_the_money(desk: Desk) -> None:
    ada, bob = await person(desk, funds="100.00"), await person(desk)
    held = await send(desk, ada, bob, "60.00")
    await freeze(desk, ada, Freeze.DEBITS)
    assert await money(desk, ada) == (10_000, 6_000)
    answer = await confirm(desk, ada.wallet_id, held.transaction.id)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "WALLET_FROZEN")
    assert await money(desk, ada) == (10_000, 0)


async def test_a_held_payment_of_a_frozen_wallet_can_be_cancelled(desk: Desk) -> None:
    ada, bob = await person(desk, funds="100.00"), await person(desk)
    held = await send(desk, ada, bob, "60.00")
    await freeze(desk, ada)
    assert (await cancel(desk, ada.wallet_id, held.transaction.id)).transaction.status is Status.CANCELLED
    assert await money(desk, ada) == (10_000, 0)


async def test_a_wallet_with_freeze_debits_can_be_paid_and_one_with_freeze_all_cannot(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    await freeze(desk, bob, Freeze.DEBITS)
    assert (await send(desk, ada, bob, "1.00")).transaction.status is Status.COMPLETED
    assert (await pay_in(desk, bob, "1.00")).transaction.status is Status.COMPLETED
    await freeze(desk, bob, Freeze.ALL)
    assert (await pay_in(desk, bob, "1.00")).transaction.failure_code == "WALLET_FROZEN"
    assert await money(desk, bob) == (10_200, 0)


async def test_repeating_a_freeze_or_unfreeze_is_a_replay_and_records_nothing(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    for _ in range(2):
        await freeze(desk, ada, Freeze.DEBITS, "Asked by phone")
    again = await freeze(desk, ada, Freeze.DEBITS, "Another reason")
    assert not again.outcome.changed
    await freeze(desk, ada, Freeze.ALL, "Court order")
    for _ in range(2):
        await unfreeze(desk, ada)
    assert await acts_about(records, ada.wallet_id) == [
        ("freeze", "ops", "Asked by phone"),
        ("freeze", "ops", "Court order"),
        ("unfreeze", "ops", "Phone found"),
    ]
    assert (await balance(desk, ada)).standing.status is WalletStatus.ACTIVE


@pytest.mark.parametrize("verb", [freeze, unfreeze])
@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "two\nlines", "no\0", "\u202eti"])
async def test_an_action_without_a_valid_reason_is_refused(
    desk: Desk, records: Records, verb: Callable[..., Awaitable[Answer]], reason: str
) -> None:
    ada = await person(desk)
    with pytest.raises(InvalidInput) as refused:
        await verb(desk, ada, reason=reason)
    assert refused.value.field == "reason"
    assert await acts_about(records, ada.wallet_id) == []


@pytest.mark.parametrize("verb", [freeze, unfreeze])
async def test_a_closed_wallet_cannot_be_frozen_or_unfrozen(
    desk: Desk, records: Records, verb: Callable[..., Awaitable[Answer]]
) -> None:
    ada = await person(desk)
    await records.close_wallet(ada)
    with pytest.raises(WalletClosed):
        await verb(desk, ada)
    assert await acts_about(records, ada.wallet_id) == []
    assert (await balance(desk, ada)).standing.status is WalletStatus.CLOSED


async def test_concurrent_freezes_at_two_servers_are_recorded_once(two_desks: list[Desk], records: Records) -> None:
    for _ in range(ROUNDS):
        ada = await person(two_desks[0])
        answers = await asyncio.gather(*(freeze(two_desks[n % 2], ada) for n in range(8)))
        assert sum(answer.outcome.changed for answer in answers) == 1
        assert len(await acts_about(records, ada.wallet_id)) == 1


async def test_concurrent_freezes_and_unfreezes_match_the_record(two_desks: list[Desk], records: Records) -> None:
    """After the test, the audit compares the wallet's state with the record."""
    for _ in range(ROUNDS):
        ada = await person(two_desks[0])
        orders = [(freeze if n % 2 else unfreeze)(two_desks[n % 3 % 2], ada) for n in range(6)]
        answers = await asyncio.gather(*orders)
        assert len(await acts_about(records, ada.wallet_id)) == sum(answer.outcome.changed for answer in answers)
        assert await records.findings() == []


async def test_a_payment_concurrent_with_a_freeze_is_completed_before_or_blocked_after_it(
    two_desks: list[Desk], records: Records
) -> None:
    """Completed payments were made before the freeze, blocked ones after it."""
    for desk in two_desks:
        desk.clearing.terms = without_risk_rules()
    for round_ in range(ROUNDS):
        ada, bob = await person(two_desks[0], funds="100.00"), await person(two_desks[0])
        sends = [send(two_desks[n % 2], ada, bob, "1.00") for n in range(6)]
        sends.insert(round_ % 6, freeze(two_desks[round_ % 2], ada))
        answers = await asyncio.gather(*sends)
        paid = [one.transaction for one in answers if one.outcome.transaction is not None]
        frozen_at = await records.connection.fetchval(
            "select created_at from operator_actions where wallet_id = $1", ada.wallet_id
        )
        for one in paid:
            assert one.status in (Status.COMPLETED, Status.BLOCKED)
            in_order = one.created_at <= frozen_at if one.status is Status.COMPLETED else one.created_at >= frozen_at
            assert in_order
        completed = sum(one.status is Status.COMPLETED for one in paid)
        assert await money(two_desks[0], ada) == (10_000 - 100 * completed, 0)
