"""The limits of a card change immediately and independently of each other."""

import pytest
import uuid_utils.compat as uuids

from pocketpay.cards.card import CardStatus
from pocketpay.cards.errors import AboveMonthlyLimit, AbovePaymentLimit
from pocketpay.errors import Refusal
from pocketpay.identity.changes import NewValue
from pocketpay.money import Money
from pocketpay.payments.close_card import close_card
from pocketpay.payments.desk import Desk
from pocketpay.payments.update_card_limits import update_card_limits
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.lifecycle import Status
from tests.payments.cards import buy, new_card
from tests.payments.customers import Records, person

FIVE, NINE, ONE = (Money(minor, "USD") for minor in (500, 900, 100))


@pytest.mark.parametrize(
    ("limits", "each", "monthly"),
    [
        ({}, FIVE, NINE),
        ({"raw_per_payment_limit": "1"}, ONE, NINE),
        ({"raw_monthly_limit": "1.00"}, FIVE, ONE),
        ({"raw_per_payment_limit": None}, None, NINE),
        ({"raw_monthly_limit": None}, FIVE, None),
        ({"raw_per_payment_limit": None, "raw_monthly_limit": "1"}, None, ONE),
    ],
)
async def test_an_omitted_limit_stays_and_none_removes_it(
    desk: Desk, limits: dict[str, NewValue], each: Money | None, monthly: Money | None
) -> None:
    ada = await person(desk)
    card_id = await new_card(desk, ada, each="5", monthly="9")
    for version in (2 if limits else 1,) * 2:
        after = await update_card_limits(desk, ada.wallet_id, card_id, **limits)
        assert (after.per_payment_limit, after.monthly_limit) == (each, monthly)
        assert after.version == version, "repeating it changes nothing"


async def test_changed_limits_hold_for_every_later_payment(desk: Desk) -> None:
    ada = await person(desk, funds="100.00")
    card_id = await new_card(desk, ada)
    await buy(desk, ada, card_id, "6.00")
    await update_card_limits(desk, ada.wallet_id, card_id, raw_per_payment_limit="5", raw_monthly_limit="4")
    with pytest.raises(AbovePaymentLimit):
        await buy(desk, ada, card_id, "5.01")
    with pytest.raises(AboveMonthlyLimit) as refusal:
        await buy(desk, ada, card_id, "0.01")
    assert (refusal.value.limit, refusal.value.remaining) == (Money(400, "USD"), Money(0, "USD"))
    await update_card_limits(desk, ada.wallet_id, card_id, raw_per_payment_limit=None, raw_monthly_limit=None)
    assert (await buy(desk, ada, card_id, "90.00")).transaction.status is Status.COMPLETED


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"raw_per_payment_limit": "0"}, "perPaymentLimit"),
        ({"raw_per_payment_limit": "1.001"}, "perPaymentLimit"),
        ({"raw_monthly_limit": "10000000000.01"}, "monthlyLimit"),
    ],
)
async def test_an_invalid_limit_changes_nothing(
    desk: Desk, records: Records, limits: dict[str, NewValue], field: str
) -> None:
    ada = await person(desk)
    card_id = await new_card(desk, ada)
    before = await records.checksum()
    for id in (card_id, None):
        with pytest.raises(Refusal) as refusal:
            await update_card_limits(desk, ada.wallet_id, id, **limits)
        assert (refusal.value.code, refusal.value.field) == ("INVALID_AMOUNT", field)
    assert await records.checksum() == before


async def test_a_card_of_another_user_is_not_found(desk: Desk, records: Records) -> None:
    ada, eve = await person(desk), await person(desk)
    card_id = await new_card(desk, ada)
    before = await records.checksum()
    for id in (card_id, uuids.uuid7(), None):
        with pytest.raises(NotFound):
            await update_card_limits(desk, eve.wallet_id, id, raw_monthly_limit="1")
    assert await records.checksum() == before


async def test_a_closed_card_keeps_its_limits(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    card_id = await new_card(desk, ada)
    await close_card(desk, ada.wallet_id, card_id)
    before = await records.checksum()
    with pytest.raises(WrongState) as refusal:
        await update_card_limits(desk, ada.wallet_id, card_id, raw_monthly_limit="1")
    assert refusal.value.status is CardStatus.CLOSED
    assert await records.checksum() == before
