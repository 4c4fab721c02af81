"""What clients tried with their idempotency keys and what they were answered, and a check of the database against it.

Clients record a key before they send a request with it (the try), and every answer to it (the acknowledgement). After
any number of faults the following must hold:

- Every acknowledged key is stored once, with the objects of its answer, and every answer named the same objects.
- No key that was refused is stored.
- A key without an answer is stored or not. In both cases it has been used at most once.
- No key is stored that nobody tried, and no transaction is stored that belongs to no key or to two.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from asyncpg import Connection, Record

KEYS = "select wallet_id, key, result_ids from idempotency_keys where wallet_id = any ($1::uuid[])"
TRANSACTIONS = """
select id from transactions where source_wallet_id = any ($1::uuid[]) or destination_wallet_id = any ($1::uuid[])
"""


@dataclass
class Tried:
    """A key that a client sent. `ids` are the objects of its acknowledgement."""

    wallet_id: UUID
    key: str
    ids: tuple[UUID, ...] = ()
    refused: bool = False
    answers: set[tuple[UUID, ...]] = field(default_factory=set)

    def acknowledged(self, ids: tuple[UUID, ...]) -> None:
        self.ids = ids
        self.answers.add(ids)

    def was_refused(self) -> None:
        """Notes an answer without objects: the request did nothing."""
        self.refused = True


@dataclass
class Verdict:
    """What the check found. The lists name keys and transactions; all must be empty."""

    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    unanswered_but_done: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


@dataclass
class History:
    """The tries of clients, and the wallets that only they use."""

    wallets: set[UUID] = field(default_factory=set)
    tried: dict[tuple[UUID, str], Tried] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def tries(self, wallet_id: UUID, key: str) -> Tried:
        """Records that a client is about to send a request with this key."""
        return self.tried.setdefault((wallet_id, key), Tried(wallet_id, key))

    async def check(self, connection: "Connection[Record]") -> Verdict:
        """Compares the record with the database, when no request is on its way any more."""
        wallets = [*self.wallets]
        stored = {(row[0], row[1]): tuple(row[2]) for row in await connection.fetch(KEYS, wallets)}
        transactions = {row[0] for row in await connection.fetch(TRANSACTIONS, wallets)}
        return self.compare(stored, transactions)

    def compare(self, stored: dict[tuple[UUID, str], tuple[UUID, ...]], transactions: Iterable[UUID]) -> Verdict:
        """Compares the record with the stored keys, each with its results, and the ids of stored transactions."""
        verdict = Verdict()
        for place, tried in self.tried.items():
            self._judge(tried, stored.get(place), verdict)
        verdict.wrong += [f"nobody tried {key}" for _, key in stored.keys() - self.tried.keys()]
        uses = Counter(id for ids in stored.values() for id in ids)
        verdict.doubled += [f"{id} belongs to {uses[id]} keys" for id in transactions if uses[id] != 1]
        return verdict

    def _judge(self, tried: Tried, stored: tuple[UUID, ...] | None, verdict: Verdict) -> None:
        if tried.ids:
            verdict.acknowledged += 1
            if stored is None:
                verdict.lost.append(f"{tried.key} was acknowledged and is not stored")
            elif stored != tried.ids:
                verdict.lost.append(f"{tried.key} was acknowledged as {tried.ids} and is stored as {stored}")
            if len(tried.answers) > 1:
                verdict.doubled.append(f"{tried.key} was acknowledged as {tried.answers}")
        elif tried.refused:
            verdict.refused += 1
            if stored is not None:
                verdict.wrong.append(f"{tried.key} was refused and is stored")
        else:
            verdict.unanswered += 1
            verdict.unanswered_but_done += stored is not None
