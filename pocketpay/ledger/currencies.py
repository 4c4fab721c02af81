"""The currencies that servers of this database have served."""

from pocketpay.database.sessions import Session
from pocketpay.ledger.repository import postings


async def served_anywhere(session: Session) -> tuple[str, ...]:
    """Returns the ISO 4217 codes in alphabetical order: the currencies that have house accounts.

    Each server creates the house accounts of its currencies when it starts.
    """
    house = await postings.house_accounts(session)
    return tuple(sorted({currency for _, currency in house.accounts}))
