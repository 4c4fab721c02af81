"""Only its owner can freeze, unfreeze and close a card. Closing is final."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.cards.card import Card, CardStatus
from pocketpay.cards.errors import CardClosed, CardFrozen
from pocketpay.clearing.outcome import Answer
from pocketpay.payments.close_card import close_card
from pocketpay.payments.desk import Desk
from pocketpay.payments.freeze_card import freeze_card
from pocketpay.payments.unfreeze_card import unfreeze_card
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.lifecycle import Status
from tests.payments.cards import buy, new_card, stored_card
from tests.payments.customers import Records, money, person

Verb = Callable[[Desk, UUID, UUID], Awaitable[Card]]

VERBS: dict[Verb, CardStatus] = {
    freeze_card: CardStatus.FROZEN,
    unfreeze_card: CardStatus.ACTIVE,
    close_card: CardStatus.CLOSED,
}
REACHING: dict[CardStatus, tuple[Verb, ...]] = {
    CardStatus.ACTIVE: (),
    CardStatus.FROZEN: (freeze_card,),
    CardStatus.CLOSED: (close_card,),
}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
@pytest.mark.parametrize("before", [CardStatus.ACTIVE, CardStatus.FROZEN])
async def test_an_open_card_can_be_frozen_unfrozen_and_closed(
    desk: Desk, records: Records, verb: Verb, before: CardStatus
) -> None:
    ada = await person(desk)
    card_id = await new_card(desk, ada)
    for earlier in REACHING[before]:
        await earlier(desk, ada.wallet_id, card_id)
    after = await verb(desk, ada.wallet_id, card_id)
    assert after.status is VERBS[verb]
    assert (after.status, after.version) == (await stored_card(records, card_id))[::2]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
async def test_repeating_a_change_of_status_returns_the_same_card(desk: Desk, records: Records, verb: Verb) -> None:
    ada = await person(desk)
    card_id = await new_card(desk, ada)
    first = await verb(desk, ada.wallet_id, card_id)
    before = await records.checksum()
    assert await verb(desk, ada.wallet_id, card_id) == first
    assert await records.checksum() == before


@pytest.mark.parametrize("verb", [freeze_card, unfreeze_card], ids=lambda verb: verb.__name__)
async def test_a_closed_card_stays_closed(desk: Desk, records: Records, verb: Verb) -> None:
    ada = await person(desk)
    card_id = await new_card(desk, ada)
    await close_card(desk, ada.wallet_id, card_id)
    before = await records.checksum()
    with pytest.raises(WrongState) as refusal:
        await verb(desk, ada.wallet_id, card_id)
    assert (refusal.value.status, refusal.value.field) == (CardStatus.CLOSED, "id")
    assert await records.checksum() == before


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
async def test_a_card_of_another_user_is_not_found(desk: Desk, records: Records, verb: Verb) -> None:
    ada, eve = await person(desk), await person(desk)
    card_id = await new_card(desk, ada)
    before = await records.checksum()
    for id in (card_id, uuids.uuid7(), ada.wallet_id):
        with pytest.raises(NotFound) as refusal:
            await verb(desk, eve.wallet_id, id)
        assert refusal.value.field == "id"
    assert await records.checksum() == before


@pytest.mark.parametrize("what", ["debits", "all"])
async def test_a_card_of_a_frozen_wallet_can_be_frozen_and_closed(desk: Desk, records: Records, what: str) -> None:
    ada = await person(desk)
    card_id = await new_card(desk, ada)
    await records.freeze(ada, what)
    assert (await freeze_card(desk, ada.wallet_id, card_id)).status is CardStatus.FROZEN
    assert (await close_card(desk, ada.wallet_id, card_id)).status is CardStatus.CLOSED


async def test_an_unfrozen_card_can_pay_again(desk: Desk) -> None:
    ada = await person(desk, funds="10.00")
    card_id = await new_card(desk, ada)
    await freeze_card(desk, ada.wallet_id, card_id)
    with pytest.raises(CardFrozen):
        await buy(desk, ada, card_id, "1.00")
    await unfreeze_card(desk, ada.wallet_id, card_id)
    assert (await buy(desk, ada, card_id, "1.00")).transaction.status is Status.COMPLETED


@pytest.mark.parametrize("servers", [1, 2])
@pytest.mark.parametrize(("verb", "why"), [(freeze_card, CardFrozen), (close_card, CardClosed)])
async def test_nothing_is_paid_after_a_card_is_frozen_or_closed(
    two_desks: list[Desk], records: Records, verb: Verb, why: type[Exception], servers: int
) -> None:
    """Every completed payment is dated before the card was frozen or closed."""
    desk = two_desks[0]
    ada = await person(desk, funds="100.00")
    card_id = await new_card(desk, ada)
    orders: list[Awaitable[object]] = [buy(two_desks[n % servers], ada, card_id, "1.00") for n in range(40)]
    orders.insert(20, verb(two_desks[-1 % servers], ada.wallet_id, card_id))
    results = await asyncio.gather(*orders, return_exceptions=True)
    paid = [one for one in results if isinstance(one, Answer)]
    assert {type(one) for one in results} <= {Answer, Card, why}
    assert sum(isinstance(one, Card) for one in results) == 1
    late = "select count(*) from transactions t join cards c on c.id = t.card_id where c.id = $1 and {}"
    assert await records.count(late.format("t.completed_at > c.updated_at"), card_id) == 0
    assert await records.count(late.format("t.status = 'completed'"), card_id) == len(paid)
    assert await money(desk, ada) == (10_000 - 100 * len(paid), 0)
    with pytest.raises(why):
        await buy(desk, ada, card_id, "1.00")


async def test_closing_a_card_wins_over_concurrent_freezing_and_unfreezing(
    two_desks: list[Desk], records: Records
) -> None:
    chance = random.Random(5)
    for _ in range(4):
        ada = await person(two_desks[0])
        card_id = await new_card(two_desks[0], ada)
        verbs = [chance.choice(list(VERBS)) for _ in range(30)] + [close_card]
        results: list[Card | BaseException] = await asyncio.gather(
            *(verb(two_desks[n % 2], ada.wallet_id, card_id) for n, verb in enumerate(verbs)), return_exceptions=True
        )
        for verb, result in zip(verbs, results, strict=True):
            assert isinstance(result, Card | WrongState)
            assert result.status is (VERBS[verb] if isinstance(result, Card) else CardStatus.CLOSED)
            assert verb is not close_card or isinstance(result, Card)
        assert (await stored_card(records, card_id))[0] == "closed"
