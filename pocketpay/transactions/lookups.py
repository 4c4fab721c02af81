"""Whole transactions by id, for operators, who see both sides. Reads of concurrent requests share one statement."""

from uuid import UUID

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database
from pocketpay.transactions.repository import lookups
from pocketpay.transactions.transaction import Transaction


def joined_lookups(database: Database) -> JoinedRead[UUID, Transaction]:
    """Returns this server's shared read of transactions by id, of any owner."""
    return JoinedRead[UUID, Transaction](database, lookups.by_ids)
