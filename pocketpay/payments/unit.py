"""One unit of work: lock, look, decide, write, whatever the batch.

    begin      1 round trip
    lock       1    the accounts of the whole batch in id order, FOR NO KEY UPDATE: two directions never deadlock
    look       1    the clock, keys, standings, transactions, risk facts; read after the lock, or two rapid transfers
                    would both pass            (+1 where a held payment is overdue: it expires first;
                                                +1 where whole hours do not show that a limit leaves room;
                                                +1 for each kind of thing besides: cards, how often somebody
                                                was asked, or paid whom money may go back from; requests have 2)
    decide     0    one after another in order of arrival, in memory
    write      1    accounts, entries, transactions, keys, the notification
                    (+1 for each kind of thing besides)
    commit     1

READ COMMITTED: each statement sees what was committed before it, so what is read after the lock is what the lock
protects. Under a snapshot taken before the lock this would be wrong.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from pocketpay.cards import repository as cards
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Connection, Record, Session
from pocketpay.errors import Refusal
from pocketpay.identity.repository import leaving as identity
from pocketpay.ledger.account import Account
from pocketpay.ledger.house import House
from pocketpay.ledger.repository import postings as ledger
from pocketpay.payments import leaving, requested
from pocketpay.payments.book import Book, KeptKey, Written
from pocketpay.payments.expire import Expire
from pocketpay.payments.instruction import Answer, Footprint, Gives, Instruction, Needs
from pocketpay.payments.limits import LimitKind
from pocketpay.payments.repository import acts, asking, rows, units
from pocketpay.payments.repository.usage import used
from pocketpay.payments.terms import Terms
from pocketpay.requests import repository as requests
from pocketpay.updates import signals
from pocketpay.wallets import repository as wallets
from pocketpay.wallets.repository import standing

Result = Answer | Refusal | ServiceBusy
"""What became of one instruction."""

FIRST_OF_TRANSACTION = 15
"""Where a looked-up row's transaction begins."""


@dataclass(slots=True)
class Progress:
    """How far a unit came: an error while deciding is a bug of ours, and only one that was committing its results may
    have happened."""

    deciding: bool = False
    results: "list[Result] | None" = None


async def carry_out(
    connection: Connection,
    instructions: Sequence[Instruction],
    terms: Terms,
    house: House,
    progress: Progress,
    *,
    skip_locked: bool = False,
    writing: Callable[[], None] = lambda: None,
) -> list[Result]:
    """Carries the instructions out, in order, in one unit of work, and says what became of each.

    `writing` is called when the longest statement is about to be sent: a good moment for other work. Raises whatever
    the database raises; then nothing happened, unless `progress` says it was committing.
    """
    session = Session(connection)
    await session.execute("begin")
    footprints = [instruction.footprint for instruction in instructions]
    asked = _with_parts(footprints)
    accounts = await ledger.lock(session, _accounts(asked), skip_locked=skip_locked)
    book = await _look(session, asked, accounts, terms, house, progress)
    progress.deciding = True
    results = [_decide(book, *pair) for pair in zip(instructions, footprints, strict=True)]
    progress.deciding = False
    if book.inserted or book.updated or book.besides is not None:
        writing()
        await _write(session, book)
    progress.results = results
    await session.execute("commit")
    return results


async def preview(session: Session, instruction: Instruction, terms: Terms, house: House) -> Result:
    """What the instruction would come to now; nothing is locked and nothing written."""
    footprints = [instruction.footprint]
    accounts = await ledger.accounts(session, _accounts(footprints))
    book = await _look(session, footprints, accounts, terms, house, Progress())
    return _decide(book, instruction, footprints[0])


def _with_parts(footprints: Sequence[Footprint]) -> Sequence[Footprint]:
    """Those of the items of orders of many among them."""
    if all(footprint.needs is None or footprint.needs.parts is None for footprint in footprints):
        return footprints
    asked: list[Footprint] = []
    for footprint in footprints:
        asked.append(footprint)
        if footprint.needs is not None and footprint.needs.parts is not None:
            asked += footprint.needs.parts
    return asked


def _accounts(footprints: Sequence[Footprint]) -> set[UUID]:
    wanted = {footprint.wallet_id for footprint in footprints}
    wanted.update(footprint.payee_id for footprint in footprints if footprint.payee_id is not None)
    for footprint in footprints:
        if footprint.needs is not None:
            wanted.update(footprint.needs.asks)
    return wanted


async def _look(
    session: Session,
    footprints: Sequence[Footprint],
    accounts: Sequence[Account],
    terms: Terms,
    house: House,
    progress: Progress,
) -> Book:
    """The book of this unit, with what is overdue already expired in it."""
    deciding = sum(
        footprint.transaction_id is not None or (footprint.needs is not None and bool(footprint.needs.requests))
        for footprint in footprints
    )
    found = await units.look(
        session,
        footprints,
        not_before=max(account.updated_at for account in accounts) if accounts else units.LONG_AGO,
        rapid_window=timedelta(minutes=terms.policy.rapid_window_minutes),
        most_recent=terms.policy.rapid_count + deciding if terms.policy.counts_rapid else 0,
    )
    book = Book(found[0][0], terms, house, accounts={account.id: account for account in accounts})
    overdue = False
    progress.deciding = True  # a row that we cannot read is ours to answer for, not the connection's
    for footprint, row in zip(footprints, found, strict=True):
        _enter(book, footprint, row)
        overdue = overdue or row[13]
    tight = _tight(book, footprints)
    progress.deciding = False
    await _look_further(session, book, footprints)
    if tight:
        for whose, exactly in (await used(session, tight, book.now)).items():
            book.used[whose] = exactly.minor
            if exactly.oldest is not None:
                book.oldest_used[whose] = exactly.oldest
    # A request that is taken back brings a payment of its payer's along, who orders nothing.
    if overdue or any(transaction.overdue_at(book.now) for transaction in book.transactions.values()):
        for late in await units.overdue(session, book.accounts, book.now):
            book.know(late)
            book.apply(Expire(late.anchor, late.id).decide(book))
    for request in tuple(book.requests.values()):
        if request.anchor in book.accounts and (lapsed := requested.lapsed(book, request)) is not None:
            book.apply(lapsed)
    return book


async def _look_further(session: Session, book: Book, footprints: Sequence[Footprint]) -> None:
    """What few instructions need besides: nothing is asked where nobody does."""
    wanted: dict[Gives, set[UUID]] = {gives: set() for gives in Gives}
    giving_back: list[tuple[UUID, UUID]] = []
    asks: set[tuple[UUID, UUID]] = set()
    counted: set[UUID] = set()
    closing: dict[UUID, UUID] = {}
    for footprint in footprints:
        if (needs := footprint.needs) is not None:
            if needs.gives_back and footprint.payee_id is not None:
                giving_back.append((footprint.payee_id, footprint.wallet_id))
            asks.update((footprint.wallet_id, payer_id) for payer_id in needs.asks)
            wanted[Gives.REQUESTS].update(needs.requests)
            wanted[Gives.CARDS].update(needs.cards)
            counted.update(needs.open_cards)
            if needs.leaving is not None:
                closing[footprint.wallet_id] = needs.leaving
        if (key := footprint.key) is not None and (kept := book.keys.get((key.wallet_id, key.text))) is not None:
            wanted[key.gives].update(kept.results)
            if needs is not None and needs.parts is not None:
                refusals = await units.refusals(session, key)
                book.keys[key.wallet_id, key.text] = replace(kept, refusals=refusals)
    if closing:
        ending = await leaving.look(session, book, closing)
        wanted[Gives.REQUESTS] |= ending.requests
        wanted[Gives.CARDS] |= ending.cards
    if missing := wanted[Gives.TRANSACTIONS] - book.transactions.keys():
        book.transactions |= await units.by_ids(session, missing)
    for paying in book.transactions.values():
        if paying.request_id is not None:
            wanted[Gives.REQUESTS].add(paying.request_id)
    if giving_back:
        book.times_paid |= await units.times_paid(session, set(giving_back), most=len(giving_back) + 1)
    if wanted[Gives.REQUESTS]:
        book.requests |= await requests.by_ids(session, wanted[Gives.REQUESTS])
        for alive in await asking.live_payments(session, wanted[Gives.REQUESTS]):
            book.know(alive)
    if asks:
        await _look_at_asking(session, book, asks)
    if wanted[Gives.CARDS]:
        book.cards |= await cards.by_ids(session, wanted[Gives.CARDS])
    if counted:
        book.open_cards = dict.fromkeys(counted, 0) | await cards.open_cards(session, counted)


async def _look_at_asking(session: Session, book: Book, asks: set[tuple[UUID, UUID]]) -> None:
    """Whether those may be asked, and how often they were."""
    for row in await asking.facts(session, asks, book.now, most_a_day=book.terms.most_requests_a_day):
        book.standings[row.payer_id] = row.standing
        book.open_requests[row.requester_id, row.payer_id] = row.open
        book.asked_today[row.requester_id] = row.today


def _tight(book: Book, footprints: Sequence[Footprint]) -> list[tuple[UUID, LimitKind]]:
    """Limits that would not take all that is asked in this unit, if all counts that whole hours may have used."""
    asked: dict[tuple[UUID, LimitKind], int] = defaultdict(int)
    tight: set[tuple[UUID, LimitKind]] = set()
    for footprint in footprints:
        if footprint.limit is None or footprint.uses is None:
            continue
        whose, total = (footprint.wallet_id, footprint.limit), book.terms.limits[footprint.limit]
        asked[whose] = so_far = asked[whose] + footprint.uses.minor
        if (most := total.get(footprint.uses.currency)) is not None and book.used[whose] + so_far > most.minor:
            tight.add(whose)
    return list(tight)


def _enter(book: Book, footprint: Footprint, row: Record) -> None:
    """What was looked up for one footprint becomes part of the book."""
    wallet_id, payee_id = footprint.wallet_id, footprint.payee_id
    if row[1] is not None:
        book.standings[wallet_id] = standing(row[1], row[2], row[3])
    if payee_id is not None:
        if row[4] is not None:
            book.standings[payee_id] = standing(row[4], row[5], row[6])
        if row[10]:
            book.known_payees.add((wallet_id, payee_id))
        book.recent[wallet_id] = row[11]
    book.pending[wallet_id] = row[12]
    if footprint.limit is not None:
        book.used[wallet_id, footprint.limit] = row[14]
    if row[FIRST_OF_TRANSACTION] is not None:
        looked_up = rows.transaction(row)
        book.transactions[looked_up.id] = looked_up
    if footprint.key is not None and row[7] is not None:
        book.keys[wallet_id, footprint.key.text] = KeptKey(row[7], row[8], row[9])


def _decide(book: Book, instruction: Instruction, footprint: Footprint) -> Result:
    if (
        footprint.wallet_id not in book.accounts
        or (footprint.payee_id is not None and footprint.payee_id not in book.accounts)
        or (footprint.needs is not None and not _all_there(book, footprint.needs))
    ):
        return ServiceBusy("one of the wallets is held by somebody else for too long")
    try:
        outcome = instruction.decide(book)
    except Refusal as refusal:
        return refusal
    if outcome.changed:
        book.apply(outcome)
    return Answer(outcome, book.balance(footprint.wallet_id))


def _all_there(book: Book, needs: Needs) -> bool:
    """Whether the accounts could be had of all who are asked for money, and of all items of an order of many. One
    that could not stops the whole order: nothing is half done."""
    if not book.accounts.keys() >= {*needs.asks}:
        return False
    return needs.parts is None or all(part.payee_id is None or part.payee_id in book.accounts for part in needs.parts)


async def _write(session: Session, book: Book) -> None:
    changed = {**book.inserted, **book.updated}
    signal = signals.Signal(
        wallets={account.id: account.version for account in book.touched.values()},
        transactions={
            t.id: signals.TransactionSignal(t.version, t.source_wallet_id, t.destination_wallet_id)
            for t in changed.values()
        },
    )
    if book.besides is not None:
        signal = await _write_besides(session, book, book.besides, signal)
    await units.write(
        session,
        book.now,
        entries=book.entries,
        accounts=list(book.touched.values()),
        inserted=list(book.inserted.values()),
        updated=list(book.updated.values()),
        keys=book.written_keys,
        used=book.written_usage,
        payloads=signals.payloads(signal),
    )
    if book.besides is not None and book.besides.acts:  # which may be about a transaction that is new
        await acts.record(session, book.besides.acts, book.now)


async def _write_besides(session: Session, book: Book, written: Written, signal: signals.Signal) -> signals.Signal:
    """What changed besides money, and the signal with it. Where requests and cards are new they come before the
    transactions about them."""
    now = book.now
    if written.new_requests:
        await requests.insert(session, now, list(written.new_requests.values()))
    if written.changed_requests:
        await requests.update(session, now, list(written.changed_requests.values()))
    if written.new_cards:
        await cards.insert(session, now, list(written.new_cards.values()))
    if written.changed_cards:
        await cards.update(session, now, list(written.changed_cards.values()))
    if written.standings:
        await wallets.set_standings(session, now, list(written.standings.values()))
    if written.keys:
        kept = [one for _, one in written.keys]
        await units.write_keys_of_many(
            session,
            now,
            [key for key, _ in written.keys],
            results=[one.results for one in kept],
            refusals=[one.refusals for one in kept],
        )
    ended = await identity.leave(session, now, written.leavers) if written.leavers else []
    told = {**written.new_requests, **written.changed_requests}
    versions = {wallet_id: book.accounts[wallet_id].version for wallet_id in written.standings}
    return replace(
        signal,
        wallets={**signal.wallets, **versions},
        sessions=ended,
        requests={
            r.id: signals.RequestSignal(r.version, r.requester_wallet_id, r.payer_wallet_id) for r in told.values()
        },
    )
