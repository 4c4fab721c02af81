"""What a unit of work looks up after its locks: one statement for what every order needs, and one more for each kind
of thing that few do, asked only where somebody does.

Read after the lock, it is what the lock protects; read before it, two rapid transfers would both pass.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from pocketpay.cards import repository as cards
from pocketpay.clearing import closing, money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.expire import Expire
from pocketpay.clearing.footprint import Footprint, ResultKind
from pocketpay.clearing.progress import RuleFailed
from pocketpay.clearing.repository import request_facts, units
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.written import KeptKey
from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.account import Account
from pocketpay.ledger.house import House
from pocketpay.requests import repository as requests
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.repository import lookups, rows
from pocketpay.transactions.repository.usage import used
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.repository import standing


async def look(
    session: Session,
    footprints: Sequence[Footprint],
    accounts: Sequence[Account],
    terms: Terms,
    house: House,
) -> Book:
    """The book of a unit that has those accounts locked, with what is overdue already expired in it.

    Raises RuleFailed when a row cannot be read.
    """
    deciding = sum(
        footprint.transaction_id is not None or (footprint.lookups is not None and bool(footprint.lookups.requests))
        for footprint in footprints
    )
    recent = terms.policy.recent
    found = await units.look(
        session,
        footprints,
        not_before=max(account.updated_at for account in accounts) if accounts else units.LONG_AGO,
        recent_window=recent.window,
        most_recent=recent.most + deciding if recent.most else 0,
    )
    book = Book(found[0]["now"], terms, house, accounts={account.id: account for account in accounts})
    overdue = False
    try:
        for footprint, row in zip(footprints, found, strict=True):
            _enter(book, footprint, row)
            overdue = overdue or row["overdue"]
        tight = _tight(book, footprints)
    except Exception as error:
        raise RuleFailed(error) from error
    await _look_further(session, book, footprints)
    if tight:
        for whose, exactly in (await used(session, tight, book.now)).items():
            book.counters.used[whose] = exactly.minor
            if exactly.oldest is not None:
                book.counters.oldest_used[whose] = exactly.oldest
    late: Sequence[Transaction] = ()
    # A request that is taken back brings a payment of its payer's along, who orders nothing.
    if overdue or any(transaction.overdue_at(book.now) for transaction in book.transactions.values()):
        late = await units.overdue(session, book.accounts, book.now)
    try:
        _end_what_is_overdue(book, late)
    except Exception as error:
        raise RuleFailed(error) from error
    return book


def _end_what_is_overdue(book: Book, late: Sequence[Transaction]) -> None:
    """Held payments first, then the requests that they kept alive."""
    for payment in late:
        book.know(payment)
        book.apply(Expire(payment.anchor, payment.id).decide(book))
    for request in tuple(book.requests.values()):
        if request.anchor in book.accounts and (lapsed := money_requests.lapsed(book, request)) is not None:
            book.apply(lapsed)


async def _look_further(session: Session, book: Book, footprints: Sequence[Footprint]) -> None:
    """What only a few instructions need: it is read when one of them does."""
    wanted: dict[ResultKind, set[UUID]] = {result_kind: set() for result_kind in ResultKind}
    giving_back: list[tuple[UUID, UUID]] = []
    asks: set[tuple[UUID, UUID]] = set()
    counted: set[UUID] = set()
    to_close: dict[UUID, UUID] = {}
    for footprint in footprints:
        if (wants := footprint.lookups) is not None:
            if wants.gives_back:
                if footprint.payee_id is not None:
                    giving_back.append((footprint.payee_id, footprint.wallet_id))
                wanted[ResultKind.CARDS] |= _card_paid_by(book, footprint.transaction_id)
            asks.update((footprint.wallet_id, payer_id) for payer_id in wants.asks)
            wanted[ResultKind.TRANSACTIONS].update(wants.transactions)
            wanted[ResultKind.REQUESTS].update(wants.requests)
            wanted[ResultKind.CARDS].update(wants.cards)
            counted.update(wants.open_cards)
            if wants.closing_user is not None:
                to_close[footprint.wallet_id] = wants.closing_user
        if (key := footprint.key) is not None and (kept := book.keys.get((key.wallet_id, key.text))) is not None:
            wanted[key.result_kind].update(kept.results)
            if wants is not None and wants.parts is not None:
                refusals = await units.refusals(session, key)
                book.keys[key.wallet_id, key.text] = replace(kept, refusals=refusals)
    if to_close:
        ending = await closing.look(session, book, to_close)
        wanted[ResultKind.REQUESTS] |= ending.requests
        wanted[ResultKind.CARDS] |= ending.cards
    if missing := wanted[ResultKind.TRANSACTIONS] - book.transactions.keys():
        book.transactions |= await lookups.by_ids(session, missing)
    for paying in book.transactions.values():
        if paying.request_id is not None:
            wanted[ResultKind.REQUESTS].add(paying.request_id)
    if giving_back:
        book.counters.times_paid |= await units.times_paid(session, set(giving_back), most=len(giving_back) + 1)
    if wanted[ResultKind.REQUESTS]:
        book.requests |= await requests.by_ids(session, wanted[ResultKind.REQUESTS])
        for alive in await request_facts.live_payments(session, wanted[ResultKind.REQUESTS]):
            book.know(alive)
    if asks:
        await _look_at_asking(session, book, asks)
    if wanted[ResultKind.CARDS]:
        book.cards |= await cards.by_ids(session, wanted[ResultKind.CARDS])
    if counted:
        book.counters.open_cards = dict.fromkeys(counted, 0) | await cards.open_cards(session, counted)


def _card_paid_by(book: Book, transaction_id: UUID | None) -> set[UUID]:
    """The card that paid the looked-up transaction, if one did."""
    original = None if transaction_id is None else book.transactions.get(transaction_id)
    return set() if original is None or original.card_id is None else {original.card_id}


async def _look_at_asking(session: Session, book: Book, asks: set[tuple[UUID, UUID]]) -> None:
    """Whether those may be asked, and how often they were."""
    for row in await request_facts.facts(session, asks, book.now, most_a_day=book.terms.most_requests_a_day):
        book.standings[row.payer_id] = row.standing
        book.counters.open_requests[row.requester_id, row.payer_id] = row.open
        book.counters.asked_today[row.requester_id] = row.today


def _tight(book: Book, footprints: Sequence[Footprint]) -> list[tuple[UUID, LimitKind]]:
    """Limits that would not take all that is asked in this unit, if all counts that whole hours may have used."""
    asked: dict[tuple[UUID, LimitKind], int] = defaultdict(int)
    tight: set[tuple[UUID, LimitKind]] = set()
    for footprint in footprints:
        if footprint.limit is None or footprint.uses is None:
            continue
        whose = footprint.wallet_id, footprint.limit
        total = book.terms.limits[footprint.limit].get(footprint.uses.currency)
        asked[whose] += footprint.uses.minor
        if total is not None and book.counters.used[whose] + asked[whose] > total.minor:
            tight.add(whose)
    return list(tight)


def _enter(book: Book, footprint: Footprint, row: Record) -> None:
    """What was looked up for one footprint becomes part of the book."""
    wallet_id, payee_id = footprint.wallet_id, footprint.payee_id
    if (status := row["own_status"]) is not None:
        book.standings[wallet_id] = standing(status, row["own_frozen_for"], row["own_created_at"])
    if payee_id is not None:
        if (status := row["payee_status"]) is not None:
            book.standings[payee_id] = standing(status, row["payee_frozen_for"], row["payee_created_at"])
        if row["known_payee"]:
            book.counters.known_payees.add((wallet_id, payee_id))
        book.counters.recent[wallet_id] = row["recent"]
    book.counters.pending[wallet_id] = row["pending"]
    if footprint.limit is not None:
        book.counters.used[wallet_id, footprint.limit] = row["used"]
    if row["id"] is not None:
        looked_up = rows.transaction(row)
        book.transactions[looked_up.id] = looked_up
    if footprint.key is not None and (operation := row["operation"]) is not None:
        book.keys[wallet_id, footprint.key.text] = KeptKey(operation, row["fingerprint"], row["result_ids"])
