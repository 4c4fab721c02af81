"""Reversals: the remaining amount of a transaction returns to its source, once, or nothing happens."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.operations.reverse_transaction import DESCRIPTION, Reverse, reverse_transaction
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.repository import lookups
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.wallets.balance import Freeze
from tests.operations.operators import OPS, acts_about, freeze
from tests.payments.banks import SlowBank, with_bank
from tests.payments.cards import buy, new_card
from tests.payments.customers import (
    Person,
    Records,
    money,
    new_money_request,
    pay_in,
    pay_money_request,
    pay_out,
    people,
    person,
    refund_payment,
    send,
    terms,
    without_risk_rules,
)

ROUNDS = 12
BONUS = """
with paid as (
    insert into transactions (id, type, status, currency, destination_wallet_id, amount, fee, description,
        risk_reasons, version, created_at, updated_at, completed_at)
    select $1, 'bonus', 'completed', 'USD', $2, 700, 0, 'Welcome', '[]', 1, now(), now(), now()),
moved as (
    update ledger_accounts set posted = posted + 700, sequence = sequence + 1, version = version + 1
    where id = $2 returning posted, sequence)
insert into ledger_entries
    (id, account_id, transaction_id, amount, currency, kind, sequence, balance_after, description, created_at)
select $3::uuid, $2::uuid, $1::uuid, 700, 'USD', 'wallet', sequence, posted, 'Welcome', now() from moved
union all
select $4, a.id, $1, -700, 'USD', a.kind, null, null, 'Welcome', now() from ledger_accounts a
where a.kind = 'promotions' and a.currency = 'USD'
"""


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


async def reverse(desk: Desk, transaction_id: UUID | None, reason: str = "Account taken over") -> Answer:
    return await reverse_transaction(desk, OPS, transaction_id, raw_reason=reason)


async def refused(desk: Desk, transaction_id: UUID | None, reason: str = "Account taken over") -> Refusal:
    with pytest.raises(Refusal) as told:
        await reverse(desk, transaction_id, reason)
    return told.value


async def _send(desk: Desk, records: Records, ada: Person, bob: Person) -> Transaction:
    return (await send(desk, ada, bob, "7.00")).transaction


async def _request(desk: Desk, records: Records, ada: Person, bob: Person) -> Transaction:
    return (await pay_money_request(desk, ada, await new_money_request(desk, bob, ada, "7.00"))).transaction


async def _deposit(desk: Desk, records: Records, ada: Person, bob: Person) -> Transaction:
    return (await pay_in(desk, ada, "7.00")).transaction


async def _withdrawal(desk: Desk, records: Records, ada: Person, bob: Person) -> Transaction:
    return (await pay_out(desk, ada, "7.00", Speed.INSTANT)).transaction


async def _card(desk: Desk, records: Records, ada: Person, bob: Person) -> Transaction:
    return (await buy(desk, ada, await new_card(desk, ada), "7.00")).transaction


async def _bonus(desk: Desk, records: Records, ada: Person, bob: Person) -> Transaction:
    id = uuids.uuid7()
    await records.connection.execute(BONUS, id, ada.wallet_id, uuids.uuid7(), uuids.uuid7())
    row = await records.transaction(id)
    assert row["status"] == "completed"
    return await _known(desk, id)


async def _known(desk: Desk, id: UUID) -> Transaction:
    async with desk.database.read() as session:
        return (await lookups.by_ids(session, [id]))[id]


Made = Callable[[Desk, Records, Person, Person], Awaitable[Transaction]]
OF_EACH_TYPE = {
    Type.SEND: _send,
    Type.REQUEST: _request,
    Type.DEPOSIT: _deposit,
    Type.WITHDRAWAL: _withdrawal,
    Type.CARD: _card,
    Type.BONUS: _bonus,
}


def test_every_type_except_a_refund_is_tested() -> None:
    assert {*OF_EACH_TYPE} == {*Type} - {Type.REFUND}


@pytest.mark.parametrize("type_", OF_EACH_TYPE)
@pytest.mark.parametrize("frozen", [None, Freeze.ALL])
async def test_a_reversal_returns_the_whole_amount_to_its_source(
    desk: Desk, records: Records, type_: Type, frozen: Freeze | None
) -> None:
    ada, bob = await person(desk, funds="20.00"), await person(desk, funds="20.00")
    before = await money(desk, ada), await money(desk, bob)
    original = await OF_EACH_TYPE[type_](desk, records, ada, bob)
    if frozen is not None:
        for whose in (ada, bob):
            await freeze(desk, whose, frozen)
    refund = (await reverse(desk, original.id)).transaction
    assert (refund.type, refund.status, refund.refund_of) == (Type.REFUND, Status.COMPLETED, original.id)
    assert (refund.amount, refund.description) == (original.total, DESCRIPTION)
    assert (await money(desk, ada), await money(desk, bob)) == before
    forth, back = await records.entries(original.id), await records.entries(refund.id)
    assert back == {account: -amount for account, amount in forth.items()}
    row = await records.transaction(original.id)
    assert (row["status"], row["refunded"]) == ("completed", original.total.minor)
    (recorded,) = [act for act in await acts_about(records, _about(original)) if act[0] == "reverse"]
    assert recorded == ("reverse", "ops", "Account taken over")
    assert (await refused(desk, original.id)).code == "ALREADY_REFUNDED"


def _about(original: Transaction) -> UUID:
    wallet_id = original.destination_wallet_id or original.source_wallet_id
    assert wallet_id is not None
    return wallet_id


async def test_the_reversal_of_a_partly_refunded_transaction_refunds_the_rest(desk: Desk, records: Records) -> None:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    original = (await send(desk, ada, bob, "10.00")).transaction
    await refund_payment(desk, bob, original.id, "4.00")
    refund = (await reverse(desk, original.id)).transaction
    assert str(refund.amount) == "6.00"
    assert (await money(desk, ada), await money(desk, bob)) == ((1_000, 0), (0, 0))


async def _none(desk: Desk, records: Records) -> UUID | None:
    return None


async def _unknown(desk: Desk, records: Records) -> UUID:
    return uuids.uuid7()


async def _spent(desk: Desk, records: Records) -> UUID:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    original = (await send(desk, ada, bob, "10.00")).transaction
    await send(desk, bob, await person(desk), "0.01")
    return original.id


async def _promised(desk: Desk, records: Records) -> UUID:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    original = (await send(desk, ada, bob, "10.00")).transaction
    await pay_out(with_bank(desk, SlowBank()), bob, "0.01")
    return original.id


async def _held(desk: Desk, records: Records) -> UUID:
    desk.clearing.terms = terms()
    return (await send(desk, await person(desk, funds="10.00"), await person(desk), "1.00")).transaction.id


async def _failed(desk: Desk, records: Records) -> UUID:
    return (await send(desk, await person(desk), await person(desk), "1.00")).transaction.id


async def _refund(desk: Desk, records: Records) -> UUID:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    original = (await send(desk, ada, bob, "10.00")).transaction
    return (await refund_payment(desk, bob, original.id)).transaction.id


async def _payer_gone(desk: Desk, records: Records) -> UUID:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    original = (await send(desk, ada, bob, "10.00")).transaction
    await records.close_wallet(ada)
    return original.id


async def _withdrawn_by_who_left(desk: Desk, records: Records) -> UUID:
    ada = await person(desk, funds="10.00")
    original = (await pay_out(desk, ada, "10.00")).transaction
    await records.close_wallet(ada)
    return original.id


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (_none, "NOT_FOUND"),
        (_unknown, "NOT_FOUND"),
        (_spent, "INSUFFICIENT_FUNDS"),
        (_promised, "INSUFFICIENT_FUNDS"),
        (_held, "WRONG_STATE"),
        (_failed, "WRONG_STATE"),
        (_refund, "INVALID_INPUT"),
        (_payer_gone, "RECIPIENT_NOT_FOUND"),
        (_withdrawn_by_who_left, "RECIPIENT_NOT_FOUND"),
    ],
)
async def test_a_refused_reversal_names_the_transaction_and_changes_nothing(
    desk: Desk, records: Records, arrange: Callable[[Desk, Records], Awaitable[UUID | None]], code: str
) -> None:
    transaction_id = await arrange(desk, records)
    before = await records.checksum()
    acts = await records.count("select count(*) from operator_actions")
    refusal = await refused(desk, transaction_id)
    assert (refusal.code, refusal.field) == (code, "transactionId")
    assert await records.checksum() == before
    assert await records.count("select count(*) from operator_actions") == acts


async def test_a_reversal_without_a_valid_reason_is_refused(desk: Desk, records: Records) -> None:
    original = (await pay_in(desk, await person(desk), "1.00")).transaction
    before = await records.checksum()
    for reason in ("", " ", "x" * 501, "two\nlines"):
        refusal = await refused(desk, original.id, reason)
        assert (refusal.code, refusal.field) == ("INVALID_INPUT", "reason")
    assert await records.checksum() == before


async def test_submitting_the_same_reversal_again_reverses_once(desk: Desk, records: Records) -> None:
    """The clearing submits it again after a lost connection."""
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    original = (await send(desk, ada, bob, "10.00")).transaction
    said = Reverse(uuids.uuid7(), uuids.uuid7(), bob.wallet_id, ada.wallet_id, original.id, "Fraud", OPS)
    first, second = await desk.submit(said), await desk.submit(said)
    assert first.transaction == second.transaction
    assert (await money(desk, ada), await money(desk, bob)) == ((1_000, 0), (0, 0))
    assert len(await acts_about(records, bob.wallet_id)) == 1


async def test_a_concurrent_reversal_and_refund_return_the_money_once(
    two_desks: list[Desk], records: Records
) -> None:
    for round_ in range(ROUNDS):
        ada, bob = await person(two_desks[0], funds="10.00"), await person(two_desks[0], funds="50.00")
        original = (await send(two_desks[0], ada, bob, "10.00")).transaction
        orders = [reverse(two_desks[n % 2], original.id) for n in range(4)]
        orders.insert(round_ % 4, refund_payment(two_desks[round_ % 2], bob, original.id))
        told = await asyncio.gather(*orders, return_exceptions=True)
        assert sum(isinstance(one, Answer) for one in told) == 1
        assert {one.code for one in told if isinstance(one, Refusal)} == {"ALREADY_REFUNDED"}
        assert (await money(two_desks[0], ada), await money(two_desks[0], bob)) == ((1_000, 0), (5_000, 0))


async def test_a_reversal_concurrent_with_spending_is_complete_or_refused(
    two_desks: list[Desk], records: Records
) -> None:
    for round_ in range(ROUNDS):
        ada = await person(two_desks[0], funds="10.00")
        bob, eve = await people(two_desks[0], 2)
        original = (await send(two_desks[0], ada, bob, "10.00")).transaction
        orders = [reverse(two_desks[0], original.id), send(two_desks[1], bob, eve, "10.00")]
        told = await asyncio.gather(*(orders if round_ % 2 else reversed(orders)), return_exceptions=True)
        assert not [one for one in told if isinstance(one, Exception) and not isinstance(one, Refusal)]
        sums = [(await money(two_desks[0], one))[0] for one in (ada, bob, eve)]
        assert sums in ([1_000, 0, 0], [0, 0, 1_000])
