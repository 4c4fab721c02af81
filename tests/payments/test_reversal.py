"""What goes back of each type of transaction: the same accounts, the other way, as the audit says too."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.cards.card import Card, CardStatus, month_of
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.clearing.terms import Terms
from pocketpay.errors import BooksDisagree
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_key
from pocketpay.payments.reversal import Reversal
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from tests.payments.customers import Person, Records, money, new_key, people, unguarded

FEE = 75
HOUSE = {
    Type.SEND: {},
    Type.DEPOSIT: {HouseKind.BANK: -5_000},
    Type.BONUS: {HouseKind.PROMOTIONS: -5_000},
    Type.WITHDRAWAL: {HouseKind.BANK: 5_000, HouseKind.FEES: FEE},
    Type.CARD: {HouseKind.CARD_NETWORK: 5_000},
}
"""What the house's accounts moved by 50.00 of each type; the rest is the wallets'."""


@pytest.fixture
def kept() -> Terms:
    return unguarded()


@dataclass(frozen=True)
class Happen:
    """A completed transaction of that type: 50.00 to or from Ada, and a payment from Bob."""

    type: Type
    ada: UUID
    bob: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.ada, payee_id=self.bob)

    def decide(self, book: Book) -> Outcome:
        goes_out = self.type in (Type.WITHDRAWAL, Type.CARD)
        card = self._card(book) if self.type is Type.CARD else None
        fee = FEE if self.type is Type.WITHDRAWAL else 0
        done = Transaction(
            id=uuids.uuid7(),
            type=self.type,
            status=Status.COMPLETED,
            source_wallet_id=self.ada if goes_out else self.bob if self.type is Type.SEND else None,
            destination_wallet_id=None if goes_out else self.ada,
            amount=Money(5_000, "USD"),
            fee=Money(fee, "USD"),
            description="It happened",
            card_id=None if card is None else card.id,
            created_at=book.now,
            updated_at=book.now,
            completed_at=book.now,
        )
        house = [(book.house.account(kind, "USD"), amount) for kind, amount in HOUSE[self.type].items()]
        bobs = [(self.bob, -5_000)] if self.type is Type.SEND else []
        moved = [*house, *bobs]
        legs = [*moved, (self.ada, -sum(amount for _, amount in moved))]
        side_effects = None if card is None else SideEffects(cards=(card,))
        return Outcome(done, legs=tuple(Leg(*leg, "It happened") for leg in legs), side_effects=side_effects)

    def _card(self, book: Book) -> Card:
        face = {"label": "A card", "brand": "VISA", "last4": "4242", "expiry_month": 12, "expiry_year": 2030}
        paid = {"spent": Money(5_000, "USD"), "spent_in": month_of(book.now)}
        made = {"created_at": book.now, "updated_at": book.now, **paid}
        return Card(id=uuids.uuid7(), wallet_id=self.ada, currency="USD", status=CardStatus.ACTIVE, **face, **made)  # type: ignore[arg-type]


@dataclass(frozen=True)
class GiveBack:
    """All that is left of it goes back, or so much, and nobody asks whether it may. It has a refund's key."""

    of: Transaction
    minor: int | None = None
    key_text: str = field(default_factory=new_key)

    @property
    def key(self) -> Key:
        wallet_id = self.of.destination_wallet_id or self.of.source_wallet_id
        assert wallet_id is not None
        return parse_key(self.key_text, wallet_id, "refund")

    @property
    def footprint(self) -> Footprint:
        of, key = self.of, self.key
        payee_id = of.source_wallet_id if of.destination_wallet_id is not None else None
        lookups = Lookups(for_refund=True)
        return Footprint(key.wallet_id, payee_id=payee_id, key=key, transaction_id=of.id, lookups=lookups)

    def decide(self, book: Book) -> Outcome:
        original = book.transactions[self.of.id]
        amount = original.left if self.minor is None else Money(self.minor, "USD")
        return Reversal(uuids.uuid7(), original, amount, "A mistake").done(book, self.key)


async def happened(desk: Desk, type_: Type) -> tuple[Transaction, Sequence[Person]]:
    """A transaction of that type, and Ada and Bob, who had 100.00 each before."""
    both = await people(desk, 2, funds="100.00")
    done = await desk.submit(Happen(type_, *(one.wallet_id for one in both)))
    return done.transaction, both


@pytest.mark.parametrize("type_", HOUSE)
async def test_what_goes_back_undoes_what_was_posted(desk: Desk, records: Records, type_: Type) -> None:
    original, (ada, bob) = await happened(desk, type_)
    back = (await desk.submit(GiveBack(original))).transaction
    assert (back.type, back.status, back.refund_of) == (Type.REFUND, Status.COMPLETED, original.id)
    assert (back.amount, back.fee.minor) == (original.total, 0)
    assert (back.source_wallet_id, back.destination_wallet_id) == (
        original.destination_wallet_id,
        original.source_wallet_id,
    )
    before = await records.entries(original.id)
    assert await records.entries(back.id) == {account: -amount for account, amount in before.items()}
    assert len(before) == 1 + len(HOUSE[type_]) + (type_ is Type.SEND)
    assert [await money(desk, one) for one in (ada, bob)] == [(10_000, 0)] * 2
    row = await records.transaction(original.id)
    assert (row["status"], row["refunded"], row["version"]) == ("completed", original.total.minor, 2)


@pytest.mark.parametrize("type_", [type_ for type_ in HOUSE if type_ is not Type.WITHDRAWAL])
async def test_a_part_may_go_back_of_what_cost_no_fee(desk: Desk, records: Records, type_: Type) -> None:
    original, _ = await happened(desk, type_)
    for minor in (1, 4_000, None):
        back = (await desk.submit(GiveBack(original, minor))).transaction
        assert sorted(map(abs, (await records.entries(back.id)).values())) == [minor or 999] * 2
    assert (await records.transaction(original.id))["refunded"] == 5_000


async def test_what_cost_a_fee_goes_back_whole_or_not_at_all(desk: Desk, records: Records) -> None:
    original, _ = await happened(desk, Type.WITHDRAWAL)
    before = await records.checksum()
    with pytest.raises(BooksDisagree):
        await desk.submit(GiveBack(original, 5_000))
    assert await records.checksum() == before


@pytest.mark.parametrize("type_", HOUSE)
async def test_more_than_what_is_left_never_goes_back(desk: Desk, records: Records, type_: Type) -> None:
    original, _ = await happened(desk, type_)
    await desk.submit(GiveBack(original))
    before = await records.checksum()
    for minor in (1, original.total.minor, None):
        with pytest.raises(BooksDisagree):
            await desk.submit(GiveBack(original, minor))
    assert await records.checksum() == before
