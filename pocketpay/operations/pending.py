"""What waits, whosever it is: held payments, and orders that a bank has not answered."""

from pocketpay.database.sessions import Session
from pocketpay.transactions.history import BEGINNING, END
from pocketpay.transactions.repository import waiting
from pocketpay.transactions.transaction import Transaction


async def pending(session: Session, most: int) -> list[Transaction]:
    """At most that many: held payments, the first to expire first, then orders, the oldest first."""
    held = await waiting.held(session, after=BEGINNING, before=END, limit=most, backwards=False)
    left = most - len(held)
    return [*held, *await waiting.unsettled(session, after=BEGINNING, before=END, limit=left, backwards=False)]
