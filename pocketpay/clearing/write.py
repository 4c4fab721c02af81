"""The write of a unit of work.

One statement writes the money and the keys, and sends the notification of all changes. Each kind of side effect is
one more statement.
"""

from dataclasses import replace

from pocketpay.bank_accounts.repository import accounts as bank_accounts
from pocketpay.bank_accounts.repository import orders, returns
from pocketpay.cards import repository as cards
from pocketpay.clearing.book import Book
from pocketpay.clearing.repository import units
from pocketpay.clearing.written import Written
from pocketpay.database.sessions import Session
from pocketpay.identity.repository import closing_user as identity
from pocketpay.operator_log.repository import acts
from pocketpay.requests import repository as requests
from pocketpay.updates import signals
from pocketpay.wallets import repository as wallets


async def write(session: Session, book: Book) -> None:
    """Writes all new and changed values of the book."""
    changed = {**book.inserted, **book.updated}
    signal = signals.Signal(
        wallets={account.id: account.version for account in book.touched.values()},
        transactions={
            t.id: signals.TransactionSignal(t.version, t.source_wallet_id, t.destination_wallet_id)
            for t in changed.values()
        },
    )
    if book.side_effects is not None:
        signal = await _write_side_effects(session, book, book.side_effects, signal)
    await units.write(
        session,
        book.now,
        entries=book.entries,
        accounts=list(book.touched.values()),
        inserted=list(book.inserted.values()),
        updated=list(book.updated.values()),
        keys=book.written_keys,
        listed_keys=() if book.side_effects is None else book.side_effects.keys,
        used=book.counters.written_usage,
        payloads=signals.payloads(signal),
    )
    if book.side_effects is not None:
        await _write_last(session, book, book.side_effects)


async def _write_last(session: Session, book: Book, written: Written) -> None:
    """Writes the side effects that may refer to new transactions."""
    if written.orders:
        await orders.insert(session, book.now, written.orders)
    if written.bank_returns:
        await returns.write(session, book.now, written.bank_returns)
    if written.acts:
        await acts.record(session, written.acts, book.now)


async def _write_side_effects(
    session: Session, book: Book, written: Written, signal: signals.Signal
) -> signals.Signal:
    """Writes the side effects, and returns the signal with them added.

    Called before the transactions are written, because these may refer to new requests and cards.
    """
    now = book.now
    if written.new_requests:
        await requests.insert(session, now, list(written.new_requests.values()))
    if written.changed_requests:
        await requests.update(session, now, list(written.changed_requests.values()))
    if written.new_cards:
        await cards.insert(session, now, list(written.new_cards.values()))
    if written.changed_cards:
        await cards.update(session, now, list(written.changed_cards.values()))
    if written.new_bank_accounts:
        await bank_accounts.insert(session, now, list(written.new_bank_accounts.values()))
    if written.changed_bank_accounts:
        await bank_accounts.update(session, now, list(written.changed_bank_accounts.values()))
    if written.standings:
        await wallets.set_standings(session, now, list(written.standings.values()))
    ended = await identity.close(session, now, written.closing_users) if written.closing_users else []
    written_requests = {**written.new_requests, **written.changed_requests}
    written_accounts = {**written.new_bank_accounts, **written.changed_bank_accounts}
    versions = {wallet_id: book.accounts[wallet_id].version for wallet_id in written.standings}
    return replace(
        signal,
        wallets={**signal.wallets, **versions},
        sessions=ended,
        requests={
            r.id: signals.RequestSignal(r.version, r.requester_wallet_id, r.payer_wallet_id)
            for r in written_requests.values()
        },
        bank_accounts={b.id: signals.BankAccountSignal(b.version, b.wallet_id) for b in written_accounts.values()},
    )
