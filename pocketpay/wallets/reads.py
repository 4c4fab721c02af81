"""Wallets by id, read together for all requests and all subscriptions of this server."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database
from pocketpay.updates.feed import Feed
from pocketpay.wallets import repository
from pocketpay.wallets.balance import Balance


class WalletReads:
    """One server's joined reads of wallets.

    balances         a wallet as it is now
    freeze_reasons   why a frozen wallet is frozen
    """

    def __init__(self, database: Database) -> None:
        self.balances = JoinedRead[UUID, Balance](database, repository.balances)
        self.freeze_reasons = JoinedRead[UUID, str](database, repository.freeze_reasons)


def balance_feed(database: Database) -> Feed[Balance]:
    """The live state of wallets, by id."""

    async def read(wallet_ids: Sequence[UUID]) -> Mapping[UUID, Balance]:
        return await database.query(repository.balances, wallet_ids)

    return Feed[Balance]("balances", read=read, concerns=lambda signal: signal.wallets, newer=_newer)


def _newer(one: Balance, other: Balance) -> bool:
    """A freeze changes a wallet's standing and no balance, so its version stays."""
    return one.version > other.version or (one.version == other.version and one.standing != other.standing)
