"""Names and ids to accounts, before an instruction queues.

Only what never changes is asked here, so that it may be remembered: a username is never given twice, a wallet keeps
its currency, a transaction its parties, a money request what it asks for. Resolving never refuses: what is not found
goes to the rule as None.
"""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database, Session
from pocketpay.identity.repository import profiles
from pocketpay.requests import repository as requests
from pocketpay.requests.repository import Asked
from pocketpay.transactions.repository import lookups
from pocketpay.transactions.repository.lookups import Parties
from pocketpay.wallets import repository as wallets

MOST_REMEMBERED = 50_000
"""Of each kind: some 10 MB each at the very most."""

Name = TypeVar("Name")
Found = TypeVar("Found")


class Memory(OrderedDict[Name, Found], Generic[Name, Found]):
    """What was found; the oldest is forgotten first."""

    def remember(self, name: Name, found: Found) -> Found:
        self[name] = found
        if len(self) > MOST_REMEMBERED:
            self.popitem(last=False)
        return found


class Resolver:
    """Looks immutable facts up once and remembers them. What is not there is asked for again each time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wallets_read = JoinedRead[str, UUID](database, _wallets)
        self._currencies_read = JoinedRead[UUID, str](database, wallets.currencies)
        self._wallets: Memory[str, UUID] = Memory()
        self._currencies: Memory[UUID, str] = Memory()
        self._parties: Memory[UUID, Parties] = Memory()
        self._asked: Memory[UUID, Asked] = Memory()

    async def wallet_of(self, username: str) -> UUID | None:
        """The wallet of that username in its canonical spelling, or None."""
        if not username or (known := self._wallets.get(username)) is not None:
            return known if username else None
        found = await self._wallets_read.load(username)
        return None if found is None else self._wallets.remember(username, found)

    async def wallets_of(self, usernames: Collection[str]) -> dict[str, UUID]:
        """The wallets of those usernames in their canonical spelling that are somebody's, read together."""
        known = {name: wallet_id for name in usernames if (wallet_id := self._wallets.get(name)) is not None}
        if missing := [name for name in usernames if name and name not in known]:
            async with self._database.read() as session:
                for found in await profiles.by_usernames(session, missing):
                    known[found.username] = self._wallets.remember(found.username, found.wallet_id)
        return known

    async def currency(self, wallet_id: UUID) -> str:
        """The currency of that wallet, which exists: its owner is signed in."""
        if (known := self._currencies.get(wallet_id)) is not None:
            return known
        found = await self._currencies_read.load(wallet_id)
        assert found is not None, "a signed-in user has a wallet"  # noqa: S101 - a foreign key says so
        return self._currencies.remember(wallet_id, found)

    async def parties(self, transaction_id: UUID) -> Parties | None:
        """Between whose wallets that transaction moves money, or None when there is none of that id."""
        if (known := self._parties.get(transaction_id)) is not None:
            return known
        async with self._database.read() as session:
            found = await lookups.parties(session, transaction_id)
        return None if found is None else self._parties.remember(transaction_id, found)

    async def asked(self, request_id: UUID) -> Asked | None:
        """Who asks whom for what with that money request, or None when there is none of that id."""
        if (known := self._asked.get(request_id)) is not None:
            return known
        async with self._database.read() as session:
            found = await requests.by_ids(session, [request_id])
        return None if not found else self._asked.remember(request_id, Asked.of(found[request_id]))


async def _wallets(session: Session, usernames: Sequence[str]) -> dict[str, UUID]:
    return {found.username: found.wallet_id for found in await profiles.by_usernames(session, usernames)}
