"""The next state of a held payment, and the release of its hold."""

from dataclasses import replace

from pocketpay.clearing.book import Book
from pocketpay.clearing.outcome import Hold, Outcome
from pocketpay.errors import Refusal
from pocketpay.risk.policy import Verdict
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import ended_by
from pocketpay.transactions.transaction import Transaction


def next_version(book: Book, before: Transaction, status: Status) -> Transaction:
    """Returns the transaction in the new status, one version later."""
    return replace(before, status=status, version=before.version + 1, updated_at=book.now)


def released(held: Transaction) -> Hold:
    """Returns the change that releases the transaction's hold: a negative amount, fee included."""
    return Hold(held.anchor, -held.total.minor)


def ended(book: Book, held: Transaction, status: Status) -> Outcome:
    """Ends the held payment in that status without moving money, and releases its hold."""
    return Outcome(next_version(book, held, status), hold=released(held))


def refused(book: Book, held: Transaction, why: Refusal, verdict: Verdict | None = None) -> Outcome:
    """Ends the held payment because of the refusal `why`, and releases the payment's hold."""
    ended = ended_by(why, held)
    if verdict is not None:
        ended = replace(ended, risk_reasons=verdict.reasons)
    return Outcome(next_version(book, ended, ended.status), hold=released(held), refusal=why)
