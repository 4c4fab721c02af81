"""The look-up of a unit of work after it has its locks.

One statement reads what every order needs. Each kind of data that only some orders need is one more statement, sent
only if an order of the unit needs it.

Every statement is sent after the locks were granted, so that the locks protect all that it reads (decision 58). If it
were read before, two rapid transfers would both pass.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from pocketpay.bank_accounts.repository import accounts as bank_accounts
from pocketpay.bank_accounts.repository import returns
from pocketpay.cards import repository as cards
from pocketpay.clearing import closing, money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.expire import Expire
from pocketpay.clearing.footprint import Footprint, ResultKind
from pocketpay.clearing.progress import RuleFailed
from pocketpay.clearing.repository import request_facts, units
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.written import StoredKey
from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.account import Account
from pocketpay.ledger.house import HouseAccounts
from pocketpay.ledger.repository import postings as ledger
from pocketpay.requests import repository as requests
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.repository import lookups, rows
from pocketpay.transactions.repository.usage import used
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets import repository as wallets
from pocketpay.wallets.repository import standing


async def look_up(
    session: Session,
    footprints: Sequence[Footprint],
    ids: Collection[UUID],
    terms: Terms,
    house: HouseAccounts,
) -> tuple[Book, list[Account]]:
    """Returns the book of a unit that has locked the accounts with these ids, and the accounts ahead of the clock.

    Accounts ahead of the clock are not in the book, and footprints that need one are left out of it. Other items of a
    batch that is left out may stay; nothing uses them. Overdue payments and requests are expired in the book.

    Raises RuleFailed when a row cannot be parsed.
    """
    # A held payment that is confirmed now does not count against itself, so each may need one more to be counted.
    held_payments = sum(
        footprint.transaction_id is not None or (footprint.lookups is not None and bool(footprint.lookups.requests))
        for footprint in footprints
    )
    recent = terms.policy.recent
    found = await units.look_up(
        session,
        footprints,
        accounts=ids,
        recent_window=recent.window,
        max_recent=recent.max_count + held_payments if recent.max_count else 0,
    )
    accounts = ledger.accounts_of(found[0])
    kept = list(zip(footprints, found, strict=True))
    if ahead := [account for account in accounts if account.ahead]:
        ids_ahead = {account.id for account in ahead}
        kept = [(footprint, row) for footprint, row in kept if footprint.accounts.isdisjoint(ids_ahead)]
        footprints = [footprint for footprint, _ in kept]
        accounts = [account for account in accounts if not account.ahead]
    await _load_currencies(session, house, accounts)
    book = Book(found[0]["now"], terms, house, accounts={account.id: account for account in accounts})
    overdue = False
    try:
        for footprint, row in kept:
            _add_row(book, footprint, row)
            overdue = overdue or row["overdue"]
        inexact = _limits_to_read_exactly(book, footprints)
    except Exception as error:
        raise RuleFailed(error) from error
    await _look_up_more(session, book, footprints)
    if inexact:
        for wallet_limit, exact in (await used(session, inexact, book.now)).items():
            book.counters.used[wallet_limit] = exact.minor
            if exact.oldest is not None:
                book.counters.oldest_used[wallet_limit] = exact.oldest
    overdue_payments: Sequence[Transaction] = ()
    # The cancellation of a request also looks up the payer's payment, although the payer has no order in this unit.
    if overdue or any(transaction.overdue_at(book.now) for transaction in book.transactions.values()):
        overdue_payments = await units.overdue(session, book.accounts, book.now)
    try:
        _expire_overdue(book, overdue_payments)
    except Exception as error:
        raise RuleFailed(error) from error
    return book, ahead


async def _load_currencies(session: Session, house: HouseAccounts, accounts: Sequence[Account]) -> None:
    """Reads the house accounts again if a wallet's currency is missing. Only another server can serve that currency;
    it created the house accounts before any wallet in the currency."""
    if not house.has_all({account.currency for account in accounts}):
        house.merge(await ledger.house_accounts(session))


def _expire_overdue(book: Book, overdue_payments: Sequence[Transaction]) -> None:
    """Expires held payments first, then overdue requests: a request cannot expire while its payment is held."""
    for payment in overdue_payments:
        book.add(payment)
        book.apply(Expire(payment.anchor, payment.id).decide(book))
    for request in tuple(book.requests.values()):
        if request.anchor in book.accounts and (expired := money_requests.expired(book, request)) is not None:
            book.apply(expired)


async def _look_up_more(session: Session, book: Book, footprints: Sequence[Footprint]) -> None:
    """Reads the data that only some instructions need, if an instruction of this unit needs it."""
    wanted: dict[ResultKind, set[UUID]] = {result_kind: set() for result_kind in ResultKind}
    refund_pairs: list[tuple[UUID, UUID]] = []
    request_pairs: set[tuple[UUID, UUID]] = set()
    card_wallets: set[UUID] = set()
    bank_wallets: set[UUID] = set()
    returns_of: list[Footprint] = []
    to_close: dict[UUID, UUID] = {}
    for footprint in footprints:
        if (more := footprint.lookups) is not None:
            if more.for_refund:
                if footprint.payee_id is not None:
                    refund_pairs.append((footprint.payee_id, footprint.wallet_id))
                wanted[ResultKind.CARDS] |= _paying_card(book, footprint.transaction_id)
            request_pairs.update((footprint.wallet_id, payer_id) for payer_id in more.payers)
            wanted[ResultKind.TRANSACTIONS].update(more.transactions)
            wanted[ResultKind.REQUESTS].update(more.requests)
            wanted[ResultKind.CARDS].update(more.cards)
            card_wallets.update(more.open_cards)
            wanted[ResultKind.BANK_ACCOUNTS].update(more.bank_accounts)
            bank_wallets.update(more.open_bank_accounts)
            if more.bank_returns:
                returns_of.append(footprint)
            if more.closing_user is not None:
                to_close[footprint.wallet_id] = more.closing_user
        if (key := footprint.key) is not None and (stored := book.keys.get((key.wallet_id, key.text))) is not None:
            wanted[key.result_kind].update(stored.results)
            if more is not None and more.items is not None:
                refusals = await units.refusals(session, key)
                book.keys[key.wallet_id, key.text] = replace(stored, refusals=refusals)
    if to_close:
        ending = await closing.look_up(session, book, to_close)
        wanted[ResultKind.REQUESTS] |= ending.requests
        wanted[ResultKind.CARDS] |= ending.cards
        wanted[ResultKind.BANK_ACCOUNTS] |= ending.bank_accounts
    if missing := wanted[ResultKind.TRANSACTIONS] - book.transactions.keys():
        book.transactions |= await lookups.by_ids(session, missing)
    for transaction in book.transactions.values():
        if transaction.request_id is not None:
            wanted[ResultKind.REQUESTS].add(transaction.request_id)
    if refund_pairs:
        book.counters.times_paid |= await units.times_paid(session, set(refund_pairs), limit=len(refund_pairs) + 1)
    if wanted[ResultKind.REQUESTS]:
        book.requests |= await requests.by_ids(session, wanted[ResultKind.REQUESTS])
        for payment in await request_facts.live_payments(session, wanted[ResultKind.REQUESTS]):
            book.add(payment)
    if request_pairs:
        await _look_up_request_facts(session, book, request_pairs)
    if wanted[ResultKind.CARDS]:
        book.cards |= await cards.by_ids(session, wanted[ResultKind.CARDS])
    if card_wallets:
        book.counters.open_cards = dict.fromkeys(card_wallets, 0) | await cards.open_cards(session, card_wallets)
    if wanted[ResultKind.BANK_ACCOUNTS]:
        book.bank_accounts |= await bank_accounts.by_ids(session, wanted[ResultKind.BANK_ACCOUNTS])
    if bank_wallets:
        counted = await bank_accounts.open_accounts(session, bank_wallets)
        book.counters.open_bank_accounts = dict.fromkeys(bank_wallets, 0) | counted
    if returns_of:
        await _look_up_returns(session, book, returns_of)


async def _look_up_returns(session: Session, book: Book, footprints: Sequence[Footprint]) -> None:
    """Reads the returns of those transactions and wallets, and why the wallets are frozen."""
    of = [one.transaction_id for one in footprints if one.transaction_id is not None]
    owners = [one.wallet_id for one in footprints]
    book.bank_returns |= await returns.of_wallets(session, owners, of)
    book.freeze_reasons |= await wallets.freeze_reasons(session, owners)


def _paying_card(book: Book, transaction_id: UUID | None) -> set[UUID]:
    """Returns the id of the card that paid the looked-up transaction; empty if no card paid it."""
    original = None if transaction_id is None else book.transactions.get(transaction_id)
    return set() if original is None or original.card_id is None else {original.card_id}


async def _look_up_request_facts(session: Session, book: Book, pairs: set[tuple[UUID, UUID]]) -> None:
    """Reads the payers' standings and the counts of money requests, for pairs of (requester, payer)."""
    max_per_day = book.terms.max_requests_per_day
    for row in await request_facts.facts(session, pairs, book.now, max_per_day=max_per_day):
        book.standings[row.payer_id] = row.standing
        book.counters.open_requests[row.requester_id, row.payer_id] = row.open
        book.counters.requested_today[row.requester_id] = row.today


def _limits_to_read_exactly(book: Book, footprints: Sequence[Footprint]) -> list[tuple[UUID, LimitKind]]:
    """Returns the limits that this unit might exceed according to the upper bound from whole hours."""
    requested: dict[tuple[UUID, LimitKind], int] = defaultdict(int)
    inexact: set[tuple[UUID, LimitKind]] = set()
    for footprint in footprints:
        if footprint.limit is None or footprint.uses is None:
            continue
        wallet_limit = footprint.wallet_id, footprint.limit
        total = book.terms.limits[footprint.limit].get(footprint.uses.currency)
        requested[wallet_limit] += footprint.uses.minor
        if total is not None and book.counters.used[wallet_limit] + requested[wallet_limit] > total.minor:
            inexact.add(wallet_limit)
    return list(inexact)


def _add_row(book: Book, footprint: Footprint, row: Record) -> None:
    """Adds the row that was looked up for one footprint to the book."""
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
        book.keys[wallet_id, footprint.key.text] = StoredKey(operation, row["fingerprint"], row["result_ids"])
