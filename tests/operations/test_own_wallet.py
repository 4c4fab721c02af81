"""Operators cannot act on their own wallet or on its transactions."""

from collections.abc import Awaitable, Callable

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.operations.freeze_wallet import freeze_wallet
from pocketpay.operations.reverse_transaction import reverse_transaction
from pocketpay.operations.unfreeze_wallet import unfreeze_wallet
from pocketpay.operator_log.act import Operator
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.balance import Freeze
from tests.operations.operators import freeze
from tests.payments.cards import buy, new_card
from tests.payments.customers import (
    Person,
    Records,
    pay_in,
    pay_out,
    person,
    refund_payment,
    send,
    without_risk_rules,
)


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


def acting(whose: Person) -> Operator:
    """Returns that person as a signed-in operator. The record refers to their row in `users`."""
    return Operator(whose.user_id, whose.username, whose.wallet_id)


async def refused(act: Awaitable[Answer]) -> tuple[str, str | None]:
    with pytest.raises(Refusal) as told:
        await act
    return told.value.code, told.value.field


async def _sent(desk: Desk, olga: Person, bob: Person) -> Transaction:
    return (await send(desk, olga, bob, "7.00")).transaction


async def _received(desk: Desk, olga: Person, bob: Person) -> Transaction:
    return (await send(desk, bob, olga, "7.00")).transaction


async def _deposit(desk: Desk, olga: Person, bob: Person) -> Transaction:
    return (await pay_in(desk, olga, "7.00")).transaction


async def _withdrawal(desk: Desk, olga: Person, bob: Person) -> Transaction:
    return (await pay_out(desk, olga, "7.00", Speed.INSTANT)).transaction


async def _card(desk: Desk, olga: Person, bob: Person) -> Transaction:
    return (await buy(desk, olga, await new_card(desk, olga), "7.00")).transaction


async def _refunded(desk: Desk, olga: Person, bob: Person) -> Transaction:
    paid = await _received(desk, olga, bob)
    return (await refund_payment(desk, olga, paid.id)).transaction


OWN: tuple[Callable[[Desk, Person, Person], Awaitable[Transaction]], ...] = (
    *(_sent, _received, _deposit, _withdrawal, _card, _refunded),
)


@pytest.mark.parametrize("make", OWN)
async def test_an_operator_cannot_reverse_a_transaction_of_their_own_wallet(
    desk: Desk, records: Records, make: Callable[[Desk, Person, Person], Awaitable[Transaction]]
) -> None:
    olga, bob = await person(desk, funds="20.00"), await person(desk, funds="20.00")
    own = await make(desk, olga, bob)
    before = await records.checksum()
    assert await refused(reverse_transaction(desk, acting(olga), own.id, raw_reason="Why")) == (
        "FORBIDDEN",
        "transactionId",
    )
    assert await records.checksum() == before
    assert await records.count("select count(*) from operator_actions where operator_id = $1", olga.user_id) == 0


async def test_an_operator_cannot_freeze_or_unfreeze_their_own_wallet(desk: Desk, records: Records) -> None:
    olga = await person(desk)
    for what in Freeze:
        frozen = freeze_wallet(desk, acting(olga), olga.wallet_id, freeze=what, raw_reason="Why")
        assert await refused(frozen) == ("FORBIDDEN", "wallet")
    await freeze(desk, olga)
    freed = unfreeze_wallet(desk, acting(olga), olga.wallet_id, raw_reason="Why")
    assert await refused(freed) == ("FORBIDDEN", "wallet")
    row = await records.connection.fetchrow("select status, frozen_for from wallets where id = $1", olga.wallet_id)
    assert tuple(row or ()) == ("frozen", "all")
    assert await records.count("select count(*) from operator_actions where operator_id = $1", olga.user_id) == 0


async def test_another_operator_can_act_on_an_operators_wallet(desk: Desk, records: Records) -> None:
    olga, oscar, bob = await person(desk, funds="20.00"), await person(desk), await person(desk)
    paid = await _sent(desk, olga, bob)
    await reverse_transaction(desk, acting(oscar), paid.id, raw_reason="Why")
    await freeze_wallet(desk, acting(oscar), olga.wallet_id, freeze=Freeze.ALL, raw_reason="Why")
    await unfreeze_wallet(desk, acting(oscar), olga.wallet_id, raw_reason="Why")
    done = "select count(*) from operator_actions where operator_id = $1"
    assert await records.count(done, oscar.user_id) == 3


async def test_an_unknown_transaction_is_not_found(desk: Desk) -> None:
    olga = await person(desk)
    unknown = reverse_transaction(desk, acting(olga), uuids.uuid7(), raw_reason="Why")
    assert await refused(unknown) == ("NOT_FOUND", "transactionId")
