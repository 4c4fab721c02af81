"""How a batch works: many transfers of one wallet in one order, in one unit of work, with one key.

    one by one    each item has the same result as a single transfer, after the items before it
    atomic        all or none: if one item is refused, nothing of the batch is written

The items are decided on a fork of the book, one after another; then the book takes over the fork. A held item is not
refused. A refused atomic batch stores no transaction and no key. A batch in which every item is refused
without a transaction stores no key either, because no money has moved: a repeated batch cannot move money twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome, SideEffects
from pocketpay.database import uuids
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_key, parse_recipient, parse_transfer_description
from pocketpay.payments.transfer import Transfer
from pocketpay.transactions.errors import InvalidInput
from pocketpay.transactions.stored_refusal import first_refusal, rebuilt

MAX_TRANSFERS = 100
"""Less than the single orders of one unit of work, so that a batch needs no larger unit."""

Item = Transfer | Refusal
ItemResult = Outcome | Refusal


@dataclass(frozen=True, slots=True)
class TransferBatch:
    """Sends the items in order. An item that could not be parsed is a refusal."""

    wallet_id: UUID
    items: tuple[Item, ...]
    atomic: bool
    key: Key

    @property
    def footprint(self) -> Footprint:
        items = tuple(item.footprint for item in self.items if isinstance(item, Transfer))
        return Footprint(self.wallet_id, key=self.key, lookups=Lookups(items=items))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises KeyReused; the refusals of items are in the outcome's `item_results`."""
        if self.atomic and any(isinstance(item, Refusal) for item in self.items):
            return _nothing_written([item if isinstance(item, Refusal) else None for item in self.items])
        if (earlier := self._replay(book)) is not None:
            return earlier
        results: list[ItemResult] = []
        fork = book.fork({self.wallet_id, *self._payees})
        for item in self.items:
            result = item if isinstance(item, Refusal) else _decide_and_apply(item, fork)
            results.append(result)
            if self.atomic and (why := _refusal(result)) is not None:
                before, after = [None] * (len(results) - 1), [None] * (len(self.items) - len(results))
                return _nothing_written([*before, why, *after])
        if all(isinstance(result, Refusal) for result in results):
            return _nothing_written(results)
        return Outcome(key=self.key, side_effects=SideEffects(item_results=tuple(results), items_applied=fork))

    @property
    def _payees(self) -> set[UUID]:
        transfers = (item for item in self.items if isinstance(item, Transfer))
        return {item.payee_id for item in transfers if item.payee_id is not None}

    def _replay(self, book: Book) -> Outcome | None:
        """Returns the first outcome of the key, or None if the key is new.

        If the key is stored with this batch's own ids, this is our own retry after a lost connection, and not a
        replay by the client.
        """
        stored = book.results_of(self.key)
        if stored is None:
            return None
        replayed = stored[0] not in {item.id for item in self.items if isinstance(item, Transfer)}
        ids = iter(stored)
        results: list[ItemResult] = []
        for refusal in book.refusals(self.key) or [None] * len(stored):
            if refusal is not None:
                results.append(rebuilt(refusal))
                continue
            known = book.transactions[next(ids)]
            results.append(Outcome(known, changed=False, refusal=first_refusal(known), replayed=replayed))
        return Outcome(changed=False, replayed=replayed, side_effects=SideEffects(item_results=tuple(results)))


def _decide_and_apply(item: Transfer, fork: Book) -> ItemResult:
    """Returns the result of the transfer, and applies it to the fork so that the next item sees it."""
    try:
        outcome = item.decide(fork)
    except Refusal as refusal:
        return refusal
    fork.apply(outcome)
    return outcome


def _refusal(result: ItemResult) -> Refusal | None:
    return result if isinstance(result, Refusal) else result.refusal


def _nothing_written(results: Sequence[ItemResult | None]) -> Outcome:
    return Outcome(changed=False, side_effects=SideEffects(item_results=tuple(results)))


@dataclass(frozen=True, slots=True)
class RawTransfer:
    """One item of a batch, not yet parsed."""

    to: str
    amount: str
    description: str


async def transfer_batch(
    desk: Desk, wallet_id: UUID, transfers: Sequence[RawTransfer], *, atomic: bool, raw_key: str
) -> Answer:
    """Sends the transfers of a batch. The answer's `item_results` has the result of each.

    Raises InvalidInput for too few or too many transfers or an invalid key, KeyReused, and ServiceBusy when the batch
    was not executed (also when another session has locked one of its wallets) or its outcome is unknown (retry with
    the same key).
    """
    if not 1 <= len(transfers) <= MAX_TRANSFERS:
        raise InvalidInput("transfers", f"must have 1 to {MAX_TRANSFERS} payments")
    currency = await desk.resolver.currency(wallet_id)
    parsed = [_parsed(raw, currency) for raw in transfers]
    values = [value for raw, one in zip(transfers, parsed, strict=True) for value in _key_values(raw, one)]
    key = parse_key(raw_key, wallet_id, "transferBatch", "all or none" if atomic else "one by one", *values)
    payees = await desk.resolver.wallets_of({one[0] for one in parsed if not isinstance(one, Refusal)})
    items = tuple(
        one
        if isinstance(one, Refusal)
        else Transfer(uuids.uuid7(), wallet_id, payees.get(one[0]), one[1], one[2], key=None)
        for one in parsed
    )
    return await desk.submit(TransferBatch(wallet_id, items, atomic, key), weight=len(items))


def _parsed(raw: RawTransfer, currency: str) -> tuple[str, Money, str] | Refusal:
    """Returns username, amount and description, or a refusal if one of them is invalid."""
    try:
        amount = parse_amount(raw.amount, currency)
        return parse_recipient(raw.to), amount, parse_transfer_description(raw.description)
    except Refusal as refusal:
        return refusal


def _key_values(raw: RawTransfer, parsed: tuple[str, Money, str] | Refusal) -> tuple[str | Money, ...]:
    """Returns the item's values for the key's fingerprint: parsed, or raw if the item could not be parsed."""
    if isinstance(parsed, Refusal):
        return tuple(ascii(text) for text in (raw.to, raw.amount, raw.description))
    return parsed
