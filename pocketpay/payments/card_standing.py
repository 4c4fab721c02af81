"""The rule by which the owner freezes, unfreezes or closes a card. It is idempotent.

The rule also applies while the wallet is frozen: an owner must always be able to stop a lost or stolen card.
"""

from dataclasses import replace
from uuid import UUID

from pocketpay.cards.card import NEXT, Card, CardStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import NotFound, WrongState


def with_status(book: Book, card_id: UUID, wallet_id: UUID, status: CardStatus) -> Outcome:
    """Returns the wallet's card in that status; unchanged if it already has it.

    Raises NotFound, and WrongState when the card cannot change to that status.
    """
    card = book.own_card(card_id, wallet_id)
    if card is None:
        raise NotFound(thing="card")
    if card.status is status:
        return Outcome(changed=False, replayed=True, side_effects=SideEffects(cards=(card,)))
    if status not in NEXT[card.status]:
        raise WrongState(card)
    return Outcome(side_effects=SideEffects(cards=(replace(card.next_version(book.now), status=status),)))


async def card_after(desk: Desk, instruction: Instruction) -> Card:
    """Executes an instruction about one card, and returns the card after it."""
    (card,) = (await desk.submit(instruction)).cards
    return card
