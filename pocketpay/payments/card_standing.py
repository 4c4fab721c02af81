"""How a card is frozen, thawed and closed: by its owner alone, and harmless when it is so already.

The wallet may be frozen itself: whoever fears for a card must always be able to stop it.
"""

from dataclasses import replace
from uuid import UUID

from pocketpay.cards.card import NEXT, Card, CardStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import NotFound, WrongState


def brought(book: Book, card_id: UUID, wallet_id: UUID, status: CardStatus) -> Outcome:
    """That wallet's card in that status. Raises NotFound, and WrongState when it can never be so again."""
    card = book.own_card(card_id, wallet_id)
    if card is None:
        raise NotFound(thing="card")
    if card.status is status:
        return Outcome(changed=False, replayed=True, side_effects=SideEffects(cards=(card,)))
    if status not in NEXT[card.status]:
        raise WrongState(card)
    return Outcome(side_effects=SideEffects(cards=(replace(card.following(book.now), status=status),)))


async def card_after(desk: Desk, instruction: Instruction) -> Card:
    """The one card that an instruction is about, as it is after."""
    (card,) = (await desk.submit(instruction)).cards
    return card
