"""Batches: many transfers in one instruction, each with its own outcome, or in an atomic batch all or none."""

from dataclasses import replace

import pytest

from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.payments.transfer_batch import RawTransfer
from pocketpay.transactions.errors import InsufficientFunds, LimitExceeded, TooManyPending
from pocketpay.transactions.lifecycle import Status
from tests.payments.customers import (
    Records,
    item,
    known_pair,
    money,
    new_key,
    pay_in,
    people,
    person,
    send,
    send_many,
    terms,
    without_risk_rules,
)

NOBODY = "nobody_at_all"
Shown = tuple[str | None, str | None, str | None]


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


def shown(answer: Answer) -> list[Shown]:
    """The status of each item, and the code and the field of its refusal."""
    return [_shown(part) for part in answer.item_results]


def _shown(part: Answer | Refusal | None) -> Shown:
    why = part if part is None or isinstance(part, Refusal) else part.refusal
    status = part.transaction.status.value if isinstance(part, Answer) else None
    return status, None if why is None else why.code, None if why is None else why.field


DONE: Shown = ("completed", None, None)
EMPTY: Shown = (None, None, None)


async def test_each_item_of_a_batch_is_its_own_transfer(desk: Desk, records: Records) -> None:
    ada, bob, cyd = await person(desk, funds="10.00"), *await people(desk, 2)
    units = desk.clearing.counts.units
    answer = await send_many(desk, ada, [item(bob, "1.00", "One"), item(cyd, "2.00", "Two"), item(bob, "3", "Three")])
    assert desk.clearing.counts.units == units + 1
    assert shown(answer) == [DONE] * 3
    assert answer.balance.posted.minor == 400
    done = [part.transaction for part in answer.item_results if isinstance(part, Answer)]
    assert [(one.amount.minor, one.description) for one in done] == [(100, "One"), (200, "Two"), (300, "Three")]
    assert await records.entries(done[1].id) == {ada.wallet_id: -200, cyd.wallet_id: 200}
    assert [(await money(desk, one))[0] for one in (ada, bob, cyd)] == [400, 400, 200]
    balances = "select balance_after from ledger_entries where account_id = $1 order by sequence"
    rows = await records.connection.fetch(balances, ada.wallet_id)
    assert [row[0] for row in rows] == [1_000, 900, 700, 400]


@pytest.mark.parametrize("many", [0, 101])
async def test_a_batch_of_none_or_of_more_than_a_hundred_is_refused(desk: Desk, records: Records, many: int) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    before = await records.checksum()
    for atomic in (False, True):
        with pytest.raises(Refusal) as raised:
            await send_many(desk, ada, [item(bob, "0.01")] * many, atomic=atomic)
        assert (raised.value.code, raised.value.field) == ("INVALID_INPUT", "transfers")
    assert await records.checksum() == before


async def test_a_batch_can_have_a_hundred_items(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    assert shown(await send_many(desk, ada, [item(bob, "0.01")] * 100, atomic=True)) == [DONE] * 100
    assert [await money(desk, one) for one in (ada, bob)] == [(900, 0), (1_100, 0)]


@pytest.mark.parametrize(
    ("bad", "code", "field"),
    [
        (("bob", "0", "Lunch"), "INVALID_AMOUNT", "amount"),
        (("bob", "1.001", "Lunch"), "INVALID_AMOUNT", "amount"),
        (("bob", "1", "a\nb"), "INVALID_INPUT", "description"),
        (("bob", "1", "a\ud800b"), "INVALID_INPUT", "description"),
        ((NOBODY, "1", "Lunch"), "RECIPIENT_NOT_FOUND", "to"),
        (("@", "1", "Lunch"), "RECIPIENT_NOT_FOUND", "to"),
        (("ada", "1", "Lunch"), "SELF_TRANSFER", "to"),
        (("yuki", "1", "Lunch"), "CURRENCY_MISMATCH", "to"),
        (("bob", "1000", "Lunch"), "LIMIT_EXCEEDED", "amount"),
    ],
)
async def test_a_refused_item_stops_only_itself_or_the_whole_atomic_batch(
    desk: Desk, records: Records, bad: tuple[str, str, str], code: str, field: str | None
) -> None:
    desk.clearing.terms = without_risk_rules(transfer_limit="USD:1000.00,JPY:1")
    ada, bob = await people(desk, 2, funds="5000.00")
    names = {"ada": ada.username, "bob": bob.username, "yuki": (await person(desk, currency="JPY")).username}
    wrong = RawTransfer(names.get(bad[0], bad[0]), *bad[1:])
    items = [item(bob, "1.00"), wrong, item(bob, "2.00")]
    before = await records.checksum()
    answer = await send_many(desk, ada, items, atomic=True)
    assert (shown(answer), answer.replayed) == ([EMPTY, (None, code, field), EMPTY], False)
    assert answer.balance.posted.minor == 500_000
    assert await records.checksum() == before
    key = new_key()
    assert shown(await send_many(desk, ada, items, key=key)) == [DONE, (None, code, field), DONE]
    assert await money(desk, ada) == (499_700, 0)
    assert await money(desk, bob) == (500_300, 0)
    left = await records.checksum()
    again = await send_many(desk, ada, items, key=key)
    assert (shown(again), again.replayed) == ([DONE, (None, code, field), DONE], True)
    assert await records.checksum() == left


async def test_an_item_above_the_balance_fails_and_smaller_ones_after_it_complete(
    desk: Desk, records: Records
) -> None:
    ada, bob = await person(desk, funds="5.00"), await person(desk)
    answer = await send_many(desk, ada, [item(bob, "3.00"), item(bob, "3.00"), item(bob, "2.00"), item(bob, "0.01")])
    poor = ("failed", "INSUFFICIENT_FUNDS", "amount")
    assert shown(answer) == [DONE, poor, DONE, poor]
    refusals = [part.refusal for part in answer.item_results if isinstance(part, Answer) and part.refusal]
    assert [(one.required.minor, one.available.minor) for one in refusals if isinstance(one, InsufficientFunds)] == [
        (300, 200),
        (1, 0),
    ]
    assert await records.count("select count(*) from transactions where status = 'failed'") == 2
    assert await money(desk, ada) == (0, 0)


@pytest.mark.parametrize("how", ["insufficient funds", "frozen", "blocked by a rule"])
async def test_an_item_that_would_fail_refuses_an_atomic_batch_and_leaves_no_row(
    desk: Desk, records: Records, how: str
) -> None:
    ada, bob = await person(desk, funds="5.00"), await person(desk)
    items = [item(bob, "3.00"), item(bob, "2.00"), item(bob, "0.01")]
    expected = [EMPTY, EMPTY, (None, "INSUFFICIENT_FUNDS", "amount")]
    if how == "frozen":
        await records.freeze(ada, "debits")
        expected = [(None, "WALLET_FROZEN", None), EMPTY, EMPTY]
    elif how == "blocked by a rule":
        desk.clearing.terms = without_risk_rules(rapid_transfer_action="block", rapid_transfer_count=1)
        expected = [EMPTY, (None, "RISK_BLOCKED", None), EMPTY]
    before = await records.checksum()
    key = new_key()
    for _ in range(2):
        answer = await send_many(desk, ada, items, atomic=True, key=key)
        assert (shown(answer), answer.replayed, answer.balance.posted.minor) == (expected, False, 500)
        assert await records.checksum() == before
    await records.freeze(ada, None)
    desk.clearing.terms = without_risk_rules()
    await pay_in(desk, ada, "0.01")
    assert shown(await send_many(desk, ada, items, atomic=True, key=key)) == [DONE] * 3


async def test_a_closed_wallet_cannot_send_a_batch(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="5.00")
    await records.close_wallet(ada)
    before = await records.checksum()
    for atomic in (False, True):
        answer = await send_many(desk, ada, [item(bob, "1.00"), item(bob, "1.00")], atomic=atomic)
        closed = (None, "WALLET_CLOSED", None)
        assert shown(answer) == ([closed, EMPTY] if atomic else [closed, closed])
    assert await records.checksum() == before


@pytest.mark.parametrize("atomic", [False, True])
async def test_a_held_item_does_not_refuse_the_batch(desk: Desk, atomic: bool) -> None:
    desk.clearing.terms = terms(rapid_transfer_action="off")
    ada, bob = await known_pair(desk, funds="1000.01")
    cyd = await person(desk)
    answer = await send_many(desk, ada, [item(bob, "1.00"), item(cyd, "2.00"), item(bob, "600.00")], atomic=atomic)
    held: Shown = ("pending_confirmation", None, None)
    assert shown(answer) == [DONE, held, held]
    assert (answer.balance.posted.minor, answer.balance.held.minor) == (99_900, 60_200)
    waiting = answer.item_results[1]
    assert isinstance(waiting, Answer)
    assert (await confirm(desk, ada.wallet_id, waiting.transaction.id)).transaction.status is Status.COMPLETED


async def test_an_item_of_a_batch_counts_as_a_recent_payment_for_the_items_after_it(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules(rapid_transfer_action="block", rapid_transfer_count=3)
    ada, bob = await person(desk, funds="5.00"), await person(desk)
    blocked: Shown = ("blocked", "RISK_BLOCKED", None)
    assert shown(await send_many(desk, ada, [item(bob, "1.00")] * 5)) == [DONE] * 3 + [blocked] * 2


async def test_the_transfer_limit_counts_the_earlier_items_of_a_batch(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules(transfer_limit="USD:5.00,JPY:1")
    ada, bob = await person(desk, funds="50.00"), await person(desk)
    answer = await send_many(desk, ada, [item(bob, "2.00"), item(bob, "3.01"), item(bob, "3.00"), item(bob, "0.01")])
    over = (None, "LIMIT_EXCEEDED", "amount")
    assert shown(answer) == [DONE, over, DONE, over]
    used = [part.limit.used.minor for part in answer.item_results if isinstance(part, LimitExceeded)]
    assert used == [200, 500]


# ---------------------------------------------------------------- parsing


@pytest.mark.parametrize("at", [0, 2])
async def test_an_invalid_item_refuses_an_atomic_batch_before_its_key_and_all_rules(
    desk: Desk, records: Records, at: int
) -> None:
    ada, bob = await people(desk, 2, funds="5.00")
    key = new_key()
    await send(desk, ada, bob, "1.00", key=key)
    items = [item(NOBODY, "1.00") for _ in range(3)]
    items[at] = item(bob, "0")
    before = await records.checksum()
    expected = [EMPTY] * 3
    expected[at] = (None, "INVALID_AMOUNT", "amount")
    assert shown(await send_many(desk, ada, items, atomic=True, key=key)) == expected
    assert await records.checksum() == before


@pytest.mark.parametrize("key", ["short", "a" * 256, " " * 10])
async def test_an_invalid_idempotency_key_refuses_the_batch(desk: Desk, records: Records, key: str) -> None:
    ada, bob = await people(desk, 2, funds="5.00")
    before = await records.checksum()
    with pytest.raises(Refusal) as raised:
        await send_many(desk, ada, [item(bob, "1.00")], key=key)
    assert (raised.value.code, raised.value.field) == ("INVALID_INPUT", "idempotencyKey")
    assert await records.checksum() == before


# ---------------------------------------------------------------- repeated batches


@pytest.mark.parametrize("atomic", [False, True])
async def test_repeating_a_batch_returns_the_first_outcome(desk: Desk, records: Records, atomic: bool) -> None:
    desk.clearing.terms = terms(rapid_transfer_action="off")
    ada, bob = await known_pair(desk, funds="900.01")
    cyd, key = await person(desk), new_key()
    items = [item(bob, "1.00"), item(cyd, "2.00"), item(bob, "600.00")]
    first = await send_many(desk, ada, items, atomic=atomic, key=key)
    held = first.item_results[1]
    assert isinstance(held, Answer)
    await confirm(desk, ada.wallet_id, held.transaction.id)
    await records.close_wallet(cyd)
    before = await records.checksum()
    first_again = replace(items[0], to="@" + bob.username.upper(), amount="1")
    same = [first_again, replace(items[1], description=" Lunch "), items[2]]
    again = await send_many(desk, ada, same, atomic=atomic, key=key)
    assert shown(again) == [DONE, DONE, ("pending_confirmation", None, None)]
    assert again.replayed
    assert [one.replayed for one in again.item_results if isinstance(one, Answer)] == [True] * 3
    assert _ids(again) == _ids(first)
    assert again.balance.posted.minor == 90_000 - 300
    assert await records.checksum() == before


async def test_a_replay_returns_the_same_refusals_even_if_the_facts_changed(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules(
        transfer_limit="USD:900.00,JPY:1", large_transfer_action="confirm", pending_transfers=1
    )
    ada, bob, gone = await people(desk, 3, funds="5000.00")
    await records.close_wallet(gone)
    key = new_key()
    items = [
        *(item(bob, "0"), item(bob, "600.00"), item(bob, "550.00"), item(bob, "501.00"), item(bob, "1.00", "a\nb")),
        *(item(gone, "1.00"), item(ada, "1.00"), item(NOBODY, "1.00"), item(bob, "4000.00"), item(bob, "1.00")),
    ]
    first = await send_many(desk, ada, items, key=key)
    assert [code for _, code, _ in shown(first)] == [
        *("INVALID_AMOUNT", None, "LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "INVALID_INPUT"),
        *("RECIPIENT_NOT_FOUND", "SELF_TRANSFER", "RECIPIENT_NOT_FOUND", "LIMIT_EXCEEDED", None),
    ]
    desk.clearing.terms = without_risk_rules()
    await records.connection.execute("update wallets set status = 'active' where id = $1", gone.wallet_id)
    again = await send_many(desk, ada, items, key=key)
    assert again.replayed
    assert shown(again) == shown(first)
    for one, other in zip(first.item_results, again.item_results, strict=True):
        if isinstance(one, Refusal) and isinstance(other, Refusal):
            assert vars(one) == vars(other)
            assert one.args == other.args
    limits = [one.limit for one in again.item_results if isinstance(one, LimitExceeded)]
    assert [limit.used.minor for limit in limits] == [60_000] * 3
    assert all(limit.resets_at is not None for limit in limits)


async def test_a_replay_of_too_many_pending_has_the_first_maximum(desk: Desk) -> None:
    desk.clearing.terms = terms(pending_transfers=2)
    ada, bob, key = await person(desk, funds="50.00"), await person(desk), new_key()
    await send_many(desk, ada, [item(bob, "1.00")] * 3, key=key)
    desk.clearing.terms = terms(pending_transfers=20)
    last = (await send_many(desk, ada, [item(bob, "1.00")] * 3, key=key)).item_results[2]
    assert isinstance(last, TooManyPending)
    assert last.most == 2


async def test_a_batch_without_any_row_does_not_keep_its_key(desk: Desk, records: Records) -> None:
    ada, bob, key = await person(desk, funds="5.00"), await person(desk), new_key()
    before = await records.checksum()
    for _ in range(2):
        answer = await send_many(desk, ada, [item(NOBODY, "1.00"), item(bob, "0")], key=key)
        assert (answer.replayed, [code for _, code, _ in shown(answer)]) == (
            False,
            ["RECIPIENT_NOT_FOUND", "INVALID_AMOUNT"],
        )
    assert await records.checksum() == before
    assert (await send(desk, ada, bob, "1.00", key=key)).transaction.status is Status.COMPLETED


async def test_an_idempotency_key_is_valid_for_one_batch_only(desk: Desk, records: Records) -> None:
    ada, bob, key = await person(desk, funds="50.00"), await person(desk), new_key()
    items = [item(bob, "1.00"), item(bob, "0")]
    await send_many(desk, ada, items, key=key)
    before = await records.checksum()
    others: list[tuple[list[RawTransfer], bool]] = [
        ([item(bob, "1.00")], False),
        ([item(bob, "1.00"), item(bob, "0"), item(bob, "1.00")], False),
        ([item(bob, "1.01"), item(bob, "0")], False),
        ([item(bob, "1.00"), item(bob, "0.00")], False),
        ([item(bob, "0"), item(bob, "1.00")], False),
        ([item(bob, "1.00"), item(bob, "2.00")], True),
        ([item(bob, "1.00", "Dinner"), item(bob, "0")], False),
    ]
    for other, atomic in others:
        with pytest.raises(Refusal) as raised:
            await send_many(desk, ada, other, atomic=atomic, key=key)
        assert (raised.value.code, raised.value.field) == ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    with pytest.raises(Refusal):
        await send(desk, ada, bob, "1.00", key=key)
    assert await records.checksum() == before
    assert (await send_many(desk, ada, items, key=key)).replayed


def _ids(answer: Answer) -> list[object]:
    return [one.transaction.id for one in answer.item_results if isinstance(one, Answer)]
