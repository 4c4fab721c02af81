"""How a batch works: many transfers of one wallet in one order, one unit of work, one key.

    one by one    each item comes to what the transfer would come to by itself, after those before it
    atomic        all or none: the first item that is refused, with a row or without, throws away what was decided

Decided aside, against the book as it stands; the clearing then writes what came of it. An item that waits for its
sender's yes is no refusal. A batch thrown away leaves no row and no key, and one in which no item left a row leaves
no key: there is nothing that could happen twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome, SideEffects
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_key, parse_recipient, parse_transfer_description
from pocketpay.payments.transfer import Transfer
from pocketpay.transactions.errors import InvalidInput
from pocketpay.transactions.stored_refusal import first_refusal, rebuilt

MOST_TRANSFERS = 100
"""Less than a unit of work takes: a batch is a bigger order, and no other kind of unit."""

Item = Transfer | Refusal
Part = Outcome | Refusal


@dataclass(frozen=True, slots=True)
class TransferBatch:
    """Send what the items say, in their order. An item that could not be parsed is its refusal."""

    wallet_id: UUID
    items: tuple[Item, ...]
    atomic: bool
    key: Key

    @property
    def footprint(self) -> Footprint:
        parts = tuple(item.footprint for item in self.items if isinstance(item, Transfer))
        return Footprint(self.wallet_id, key=self.key, lookups=Lookups(parts=parts))

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises KeyReused; what is refused of the items is in the outcome's parts."""
        if self.atomic and any(isinstance(item, Refusal) for item in self.items):
            return _thrown_away([item if isinstance(item, Refusal) else None for item in self.items])
        if (earlier := self._earlier(book)) is not None:
            return earlier
        parts: list[Part] = []
        fork = book.fork({self.wallet_id, *self._payees})
        for item in self.items:
            part = item if isinstance(item, Refusal) else _tried(item, fork)
            parts.append(part)
            if self.atomic and (why := _refusal(part)) is not None:
                before, after = [None] * (len(parts) - 1), [None] * (len(self.items) - len(parts))
                return _thrown_away([*before, why, *after])
        if all(isinstance(part, Refusal) for part in parts):
            return _thrown_away(parts)
        return Outcome(key=self.key, side_effects=SideEffects(parts=tuple(parts)))

    @property
    def _payees(self) -> set[UUID]:
        transfers = (item for item in self.items if isinstance(item, Transfer))
        return {item.payee_id for item in transfers if item.payee_id is not None}

    def _earlier(self, book: Book) -> Outcome | None:
        """The first outcome of the key, or None when it is new. Found with our own ids it is our own second try after
        a lost connection, and no replay."""
        given = book.given(self.key)
        if given is None:
            return None
        replayed = given[0] not in {item.id for item in self.items if isinstance(item, Transfer)}
        done = iter(given)
        parts: list[Part] = []
        for refusal in book.refusals(self.key) or [None] * len(given):
            if refusal is not None:
                parts.append(rebuilt(refusal))
                continue
            known = book.transactions[next(done)]
            parts.append(Outcome(known, changed=False, refusal=first_refusal(known), replayed=replayed))
        return Outcome(changed=False, replayed=replayed, side_effects=SideEffects(parts=tuple(parts)))


def _tried(item: Transfer, fork: Book) -> Part:
    """What the transfer comes to, which the next item sees."""
    try:
        outcome = item.decide(fork)
    except Refusal as refusal:
        return refusal
    fork.apply(outcome)
    return outcome


def _refusal(part: Part) -> Refusal | None:
    return part if isinstance(part, Refusal) else part.refusal


def _thrown_away(parts: Sequence[Part | None]) -> Outcome:
    return Outcome(changed=False, side_effects=SideEffects(parts=tuple(parts)))


@dataclass(frozen=True, slots=True)
class RawTransfer:
    """One item as it was said."""

    to: str
    amount: str
    description: str


async def transfer_batch(
    desk: Desk, wallet_id: UUID, transfers: Sequence[RawTransfer], *, atomic: bool, raw_key: str
) -> Answer:
    """Sends each, and gives what came of them in the answer's parts.

    Raises InvalidInput for too few, too many or a bad key, KeyReused, and ServiceBusy when it could not be carried
    out (also when a single one of the wallets is held elsewhere) or its outcome is unknown (ask again with the same
    key).
    """
    if not 1 <= len(transfers) <= MOST_TRANSFERS:
        raise InvalidInput("transfers", f"must be 1 to {MOST_TRANSFERS}")
    currency = await desk.resolver.currency(wallet_id)
    parsed = [_parsed(raw, currency) for raw in transfers]
    said = [part for raw, one in zip(transfers, parsed, strict=True) for part in _said(raw, one)]
    key = parse_key(raw_key, wallet_id, "transferBatch", "all or none" if atomic else "one by one", *said)
    payees = await desk.resolver.wallets_of({one[0] for one in parsed if not isinstance(one, Refusal)})
    items = tuple(
        one
        if isinstance(one, Refusal)
        else Transfer(uuids.uuid7(), wallet_id, payees.get(one[0]), one[1], one[2], key=None)
        for one in parsed
    )
    return await desk.submit(TransferBatch(wallet_id, items, atomic, key), weight=len(items))


def _parsed(raw: RawTransfer, currency: str) -> tuple[str, Money, str] | Refusal:
    """Username, amount and description, or why they are none."""
    try:
        amount = parse_amount(raw.amount, currency)
        return parse_recipient(raw.to), amount, parse_transfer_description(raw.description)
    except Refusal as refusal:
        return refusal


def _said(raw: RawTransfer, parsed: tuple[str, Money, str] | Refusal) -> tuple[str | Money, ...]:
    """What the key stands for: the item as parsed, and where it could not be as it was written."""
    if isinstance(parsed, Refusal):
        return tuple(ascii(text) for text in (raw.to, raw.amount, raw.description))
    return parsed
