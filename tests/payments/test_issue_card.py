"""A card is issued once for each key, its number shown once and kept nowhere."""

import asyncio
from datetime import UTC, datetime

import pytest

from pocketpay.cards.card import CardStatus
from pocketpay.cards.errors import TooManyCards
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.close_card import close_card
from pocketpay.payments.desk import Desk
from pocketpay.payments.freeze_card import freeze_card
from pocketpay.payments.issue_card import IssuedCard, issue_card
from pocketpay.transactions.errors import KeyReused
from tests.payments.cards import card_of, issue
from tests.payments.customers import Person, Records, money, new_key, pay_in, person, terms

OPEN = "select count(*) from cards where wallet_id = $1 and status <> 'closed'"


async def all_issued(*orders: object) -> list[IssuedCard | BaseException]:
    return await asyncio.gather(*orders, return_exceptions=True)  # type: ignore[call-overload, no-any-return]


async def test_issued_card_is_active_and_good_for_four_years(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="10.00")
    issued = await issue(desk, ada, raw_label=" Groceries ")
    card, now = issued.card, datetime.now(UTC)
    assert (card.wallet_id, card.currency, card.label) == (ada.wallet_id, "USD", "Groceries")
    assert (card.status, card.version, card.spent) == (CardStatus.ACTIVE, 1, Money(0, "USD"))
    assert (card.expiry_month, card.expiry_year) == (now.month, now.year + 4)
    assert (card.per_payment_limit, card.monthly_limit) == (None, None)
    assert issued.secrets is not None
    assert issued.secrets.number.endswith(card.last4)
    assert not issued.replayed
    assert await money(desk, ada) == (1_000, 0)


async def test_limits_are_in_the_wallets_currency(desk: Desk) -> None:
    ada = await person(desk, currency="JPY")
    issued = await issue(desk, ada, raw_per_payment_limit="500", raw_monthly_limit="3000")
    assert issued.card.per_payment_limit == Money(500, "JPY")
    assert issued.card.monthly_limit == Money(3_000, "JPY")


async def test_every_card_has_a_number_of_its_own(desk: Desk) -> None:
    ada = await person(desk)
    made = [(await issue(desk, ada)).secrets for _ in range(5)]
    assert len({one.number for one in made if one is not None}) == 5


# ---------------------------------------------------------------- said twice


async def test_replay_gives_the_card_as_it_is_now_and_never_its_number(desk: Desk, records: Records) -> None:
    ada, key = await person(desk), new_key()
    first = await issue(desk, ada, key=key, raw_monthly_limit="50")
    frozen = await freeze_card(desk, ada.wallet_id, first.card.id)
    before = await records.checksum()
    again = await issue(desk, ada, key=key, raw_monthly_limit="50.00")
    assert (again.replayed, again.secrets) == (True, None)
    assert again.card == frozen
    assert await records.checksum() == before


@pytest.mark.parametrize(
    "other", [{"raw_label": "Books"}, {"raw_per_payment_limit": "20"}, {"raw_monthly_limit": "21"}, {}]
)
async def test_key_used_for_another_card_is_refused(desk: Desk, records: Records, other: dict[str, str]) -> None:
    ada, key = await person(desk), new_key()
    await issue(desk, ada, key=key, raw_monthly_limit="20")
    before = await records.checksum()
    with pytest.raises(KeyReused):
        await issue(desk, ada, key=key, **other)
    assert await records.checksum() == before


async def test_limit_for_each_payment_is_not_the_same_as_one_for_the_month(desk: Desk) -> None:
    ada, key = await person(desk), new_key()
    await issue(desk, ada, key=key, raw_monthly_limit="20")
    with pytest.raises(KeyReused):
        await issue(desk, ada, key=key, raw_per_payment_limit="20")


async def test_key_of_a_card_is_no_key_for_money_nor_the_other_way_round(desk: Desk, records: Records) -> None:
    ada, cards, moneys = await person(desk), new_key(), new_key()
    await issue(desk, ada, key=cards)
    await pay_in(desk, ada, "1.00", key=moneys)
    before = await records.checksum()
    with pytest.raises(KeyReused):
        await pay_in(desk, ada, "1.00", key=cards)
    with pytest.raises(KeyReused):
        await issue(desk, ada, key=moneys)
    assert await records.checksum() == before


async def test_two_people_may_use_the_same_key(desk: Desk) -> None:
    key = new_key()
    issued = [await issue(desk, await person(desk), key=key) for _ in range(2)]
    assert [one.replayed for one in issued] == [False, False]


@pytest.mark.parametrize("servers", [1, 2])
async def test_card_asked_for_twenty_times_at_once_is_issued_once_and_shown_once(
    two_desks: list[Desk], records: Records, servers: int
) -> None:
    for _ in range(3):
        ada, key = await person(two_desks[0]), new_key()
        told = await all_issued(*(issue(two_desks[n % servers], ada, key=key) for n in range(20)))
        issued = [one for one in told if isinstance(one, IssuedCard)]
        assert len(issued) == 20
        assert len({one.card.id for one in issued}) == 1
        (shown,) = [one.secrets for one in issued if one.secrets is not None]
        assert shown.last4 == issued[0].card.last4
        assert await records.count("select count(*) from cards where wallet_id = $1", ada.wallet_id) == 1


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"raw_label": " "}, "INVALID_INPUT", "label"),
        ({"raw_label": "x" * 51}, "INVALID_INPUT", "label"),
        ({"raw_label": "two\nlines"}, "INVALID_INPUT", "label"),
        ({"raw_label": "turned \u202e round"}, "INVALID_INPUT", "label"),
        ({"raw_per_payment_limit": "0"}, "INVALID_AMOUNT", "perPaymentLimit"),
        ({"raw_per_payment_limit": "1.001"}, "INVALID_AMOUNT", "perPaymentLimit"),
        ({"raw_monthly_limit": "0.00"}, "INVALID_AMOUNT", "monthlyLimit"),
        ({"raw_monthly_limit": "10000000000.01"}, "INVALID_AMOUNT", "monthlyLimit"),
        ({"raw_key": "short"}, "INVALID_INPUT", "idempotencyKey"),
    ],
)
async def test_bad_input_issues_nothing(
    desk: Desk, records: Records, said: dict[str, str], code: str, field: str
) -> None:
    ada = await person(desk)
    before = await records.checksum()
    with pytest.raises(Refusal) as refusal:
        await issue_card(desk, ada.wallet_id, **({"raw_label": "Books", "raw_key": new_key()} | said))
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert await records.checksum() == before


@pytest.mark.parametrize(
    ("what", "code"), [("debits", "WALLET_FROZEN"), ("all", "WALLET_FROZEN"), ("closed", "WALLET_CLOSED")]
)
async def test_wallet_that_cannot_pay_gets_no_card_but_its_replay(
    desk: Desk, records: Records, what: str, code: str
) -> None:
    ada, key = await person(desk), new_key()
    first = await issue(desk, ada, key=key)
    await (records.close_wallet(ada) if what == "closed" else records.freeze(ada, what))
    before = await records.checksum()
    with pytest.raises(Refusal) as refusal:
        await issue(desk, ada)
    assert (refusal.value.code, refusal.value.field) == (code, None)
    again = await issue(desk, ada, key=key)
    assert (again.card, again.replayed) == (first.card, True)
    assert await records.checksum() == before


async def test_so_many_cards_may_be_open_and_no_more(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(cards_per_wallet=3)
    ada, bob = await person(desk), await person(desk)
    cards = [await card_of(desk, ada) for _ in range(3)]
    await freeze_card(desk, ada.wallet_id, cards[0])
    before = await records.checksum()
    with pytest.raises(TooManyCards) as refusal:
        await issue(desk, ada)
    assert (refusal.value.code, refusal.value.field, refusal.value.most) == ("RATE_LIMITED", None, 3)
    assert await records.checksum() == before
    await card_of(desk, bob)
    await close_card(desk, ada.wallet_id, cards[1])
    await card_of(desk, ada)
    with pytest.raises(TooManyCards):
        await issue(desk, ada)


@pytest.mark.parametrize("servers", [1, 2])
async def test_cards_asked_for_at_once_are_never_more_than_may_be_open(
    two_desks: list[Desk], records: Records, servers: int
) -> None:
    for desk in two_desks:
        desk.clearing.terms = terms(cards_per_wallet=5)
    ada: Person = await person(two_desks[0])
    closing = await card_of(two_desks[0], ada)
    told = await all_issued(
        *(issue(two_desks[n % servers], ada) for n in range(16)),
        close_card(two_desks[0], ada.wallet_id, closing),
        *(issue(two_desks[n % servers], ada) for n in range(16)),
    )
    assert sum(isinstance(one, TooManyCards) for one in told) == 32 - 5 + (
        await records.count(OPEN, ada.wallet_id) - 5
    )
    assert await records.count(OPEN, ada.wallet_id) == 5
