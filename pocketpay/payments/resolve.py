"""Resolves usernames and ids to wallets, before an instruction is queued.

Only facts that never change are read here, so that they can be cached: the owner of a username, the currency of a
wallet, the parties of a transaction, the sides and amount of a money request. The resolver never refuses: if
something is not found, the rule gets None.
"""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database, Session
from pocketpay.identity.repository import profiles
from pocketpay.requests import repository as requests
from pocketpay.requests.money_request import RequestDetails
from pocketpay.transactions.repository import lookups
from pocketpay.transactions.repository.lookups import Parties
from pocketpay.wallets import repository as wallets

MAX_CACHED = 50_000
"""Entries of each cache. Each one takes about 10 MB at most."""

Name = TypeVar("Name")
Found = TypeVar("Found")


class Cache(OrderedDict[Name, Found], Generic[Name, Found]):
    """A cache of resolved values. The oldest entry is evicted first."""

    def store(self, name: Name, found: Found) -> Found:
        self[name] = found
        if len(self) > MAX_CACHED:
            self.popitem(last=False)
        return found


class Resolver:
    """Reads immutable facts and caches them. A name or id that was not found is read again each time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wallets_read = JoinedRead[str, UUID](database, _wallets)
        self._currencies_read = JoinedRead[UUID, str](database, wallets.currencies)
        self._wallets: Cache[str, UUID] = Cache()
        self._currencies: Cache[UUID, str] = Cache()
        self._parties: Cache[UUID, Parties] = Cache()
        self._requests: Cache[UUID, RequestDetails] = Cache()

    async def wallet_of(self, username: str) -> UUID | None:
        """Returns the wallet of a username in its canonical spelling, or None."""
        if not username or (known := self._wallets.get(username)) is not None:
            return known if username else None
        found = await self._wallets_read.load(username)
        return None if found is None else self._wallets.store(username, found)

    async def wallets_of(self, usernames: Collection[str]) -> dict[str, UUID]:
        """Returns the wallet of each username that exists, with one read. Usernames are in canonical spelling."""
        known = {name: wallet_id for name in usernames if (wallet_id := self._wallets.get(name)) is not None}
        if missing := [name for name in usernames if name and name not in known]:
            async with self._database.read() as session:
                for found in await profiles.by_usernames(session, missing):
                    known[found.username] = self._wallets.store(found.username, found.wallet_id)
        return known

    async def currency(self, wallet_id: UUID) -> str:
        """Returns the currency of a signed-in user's wallet, which always exists."""
        if (known := self._currencies.get(wallet_id)) is not None:
            return known
        found = await self._currencies_read.load(wallet_id)
        assert found is not None, "a signed-in user has a wallet"  # noqa: S101 - a foreign key guarantees it
        return self._currencies.store(wallet_id, found)

    async def parties(self, transaction_id: UUID) -> Parties | None:
        """Returns the source and destination wallets of a transaction, or None if no transaction has this id."""
        if (known := self._parties.get(transaction_id)) is not None:
            return known
        async with self._database.read() as session:
            found = await lookups.parties(session, transaction_id)
        return None if found is None else self._parties.store(transaction_id, found)

    async def request_details(self, request_id: UUID) -> RequestDetails | None:
        """Returns the immutable details of a money request, or None if no request has this id."""
        if (known := self._requests.get(request_id)) is not None:
            return known
        async with self._database.read() as session:
            found = await requests.by_ids(session, [request_id])
        return None if not found else self._requests.store(request_id, RequestDetails.of(found[request_id]))


async def _wallets(session: Session, usernames: Sequence[str]) -> dict[str, UUID]:
    return {found.username: found.wallet_id for found in await profiles.by_usernames(session, usernames)}
