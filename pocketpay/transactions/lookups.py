"""Transactions by id, whole, read together for all requests of this server: for operators, who see both sides."""

from uuid import UUID

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database
from pocketpay.transactions.repository import lookups
from pocketpay.transactions.transaction import Transaction


def joined_lookups(database: Database) -> JoinedRead[UUID, Transaction]:
    """One server's reads of transactions by id, of any owner."""
    return JoinedRead[UUID, Transaction](database, lookups.by_ids)
