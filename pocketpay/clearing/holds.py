"""How a held payment goes on: its next state, and the hold given back."""

from dataclasses import replace

from pocketpay.clearing.book import Book
from pocketpay.clearing.outcome import Hold, Outcome
from pocketpay.errors import Refusal
from pocketpay.risk.policy import Verdict
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import ended_by
from pocketpay.transactions.transaction import Transaction


def following(book: Book, before: Transaction, status: Status) -> Transaction:
    """The transaction one version later, in that status."""
    return replace(before, status=status, version=before.version + 1, updated_at=book.now)


def released(held: Transaction) -> Hold:
    """The hold that gives back what the transaction promised."""
    return Hold(held.anchor, -held.total.minor)


def ended(book: Book, held: Transaction, status: Status) -> Outcome:
    """The held payment ends without money moving, and the hold is given back."""
    return Outcome(following(book, held, status), hold=released(held))


def refused(book: Book, held: Transaction, why: Refusal, verdict: Verdict | None = None) -> Outcome:
    """The held payment ends by that refusal, and the hold is given back."""
    ended = ended_by(why, held)
    if verdict is not None:
        ended = replace(ended, risk_reasons=verdict.reasons)
    return Outcome(following(book, ended, ended.status), hold=released(held), refusal=why)
