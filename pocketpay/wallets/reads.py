"""Reads of wallets by id. Simultaneous reads of all requests and subscriptions of this server are joined."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database
from pocketpay.updates.feed import Feed
from pocketpay.wallets import repository
from pocketpay.wallets.balance import Balance


class WalletReads:
    """The joined reads of wallets of one server.

    balances         a wallet's balance and standing now
    freeze_reasons   the reason of a wallet's freeze
    """

    def __init__(self, database: Database) -> None:
        self.balances = JoinedRead[UUID, Balance](database, repository.balances)
        self.freeze_reasons = JoinedRead[UUID, str](database, repository.freeze_reasons)


def balance_feed(database: Database) -> Feed[Balance]:
    """Returns the live updates of wallets' balances, by wallet id."""

    async def read(wallet_ids: Sequence[UUID]) -> Mapping[UUID, Balance]:
        return await database.query(repository.balances, wallet_ids)

    return Feed[Balance]("balances", read=read, concerns=lambda signal: signal.wallets, newer=_newer)


def _newer(one: Balance, other: Balance) -> bool:
    """Returns whether `one` is newer than `other`. A freeze changes only the standing and not the version, so a
    different standing with the same version counts as newer."""
    return one.version > other.version or (one.version == other.version and one.standing != other.standing)
