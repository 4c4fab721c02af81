"""How a held payment goes on: its next state, and the hold given back."""

from dataclasses import replace

from pocketpay.clearing.book import Book
from pocketpay.clearing.outcome import Hold, Outcome
from pocketpay.errors import Refusal
from pocketpay.risk.policy import Verdict
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import facts_of
from pocketpay.transactions.transaction import Transaction


def following(book: Book, before: Transaction, status: Status) -> Transaction:
    """The transaction one version later, in that status."""
    return replace(before, status=status, version=before.version + 1, updated_at=book.now)


def released(held: Transaction) -> Hold:
    """The hold that gives back what the transaction promised."""
    return Hold(held.anchor, -held.total.minor)


def ended(
    book: Book, held: Transaction, status: Status, why: Refusal | None = None, verdict: Verdict | None = None
) -> Outcome:
    """The held payment ends without money moving: the hold is given back, the reason kept."""
    after = following(book, held, status)
    if why is not None:
        after = replace(after, failure_code=why.code, failure_facts=facts_of(why))
    if verdict is not None:
        after = replace(after, risk_reasons=verdict.reasons)
    return Outcome(after, hold=released(held), refusal=why)
