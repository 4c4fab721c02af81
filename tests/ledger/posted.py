"""Writes payments with their entries in the past, as the clearing would have written them then."""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from tests.transactions.past import payment, write

EPOCH = datetime(2025, 9, 28, tzinfo=UTC)
"""Random histories begin here and last about two months, across two month boundaries. Some entries are exactly at
one."""

BOUNDARIES = tuple(datetime(2025, month, 1, tzinfo=UTC) for month in (10, 11, 12))

_ENTRY_COLUMNS = (
    *("id", "account_id", "transaction_id", "amount", "currency", "kind", "sequence", "balance_after"),
    *("description", "created_at"),
)


@dataclass(frozen=True)
class Paid:
    """A completed payment. Without a source it is a deposit. The source paid `fee` in addition to the amount."""

    at: datetime
    source: UUID | None
    destination: UUID
    amount: int
    fee: int = 0
    description: str = "Lunch"
    id: UUID = field(default_factory=uuids.uuid7)

    def legs(self, house: dict[str, UUID]) -> list[tuple[UUID, int]]:
        """Returns the (account, amount) pairs of its entries, including the fee."""
        total = self.amount + self.fee
        legs = [(self.source or house["bank"], -total), (self.destination, self.amount)]
        return [*legs, (house["fees"], self.fee)] if self.fee else legs


async def post(owner: "Connection[Record]", paid: Iterable[Paid]) -> None:
    """Writes them in the given order, which must be by time, on wallets without earlier entries."""
    paid = list(paid)
    house = {
        row[0]: row[1] for row in await owner.fetch("select kind, id from ledger_accounts where kind <> 'wallet'")
    }
    chains: dict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    entries = [
        (
            uuids.uuid7(),
            account,
            one.id,
            amount,
            "USD",
            *_place(chains, house, account, amount),
            one.description,
            one.at,
        )
        for one in paid
        for account, amount in one.legs(house)
    ]
    happened = [
        payment(
            one.source,
            one.destination,
            id=one.id,
            amount=one.amount,
            fee=one.fee,
            description=one.description,
            created_at=one.at,
        )
        for one in paid
    ]
    async with owner.transaction():
        await write(owner, happened)
        await owner.executemany(
            "update ledger_accounts set sequence = $2, version = $2, posted = $3, updated_at = $4 where id = $1",
            [(account, sequence, posted, paid[-1].at) for account, (sequence, posted) in chains.items()],
        )
        await owner.copy_records_to_table("ledger_entries", records=entries, columns=_ENTRY_COLUMNS)


def _place(
    chains: dict[UUID, list[int]], house: dict[str, UUID], account: UUID, amount: int
) -> tuple[str, int | None, int | None]:
    """Returns (kind, sequence, balance after) of the account's next entry."""
    for kind, id in house.items():
        if id == account:
            return kind, None, None
    chain = chains[account]
    chain[0] += 1
    chain[1] += amount
    return "wallet", chain[0], chain[1]


def random_history(chance: random.Random, wallet: UUID, others: list[UUID], many: int) -> list[Paid]:
    """A random history of that wallet, never overdrawn. Many payments have the same time, some at a month
    boundary."""
    moments = [EPOCH + timedelta(hours=chance.randrange(70 * 24)) for _ in range(many // 2 + 1)]
    moments += [edge + timedelta(microseconds=n) for edge in BOUNDARIES for n in (-1, 0, 1)]
    balances: dict[UUID, int] = defaultdict(int)
    paid: list[Paid] = []
    for at in sorted(chance.choice(moments) for _ in range(many)):
        paid.append(_one(chance, at, wallet, chance.choice(others), balances))
        for account, amount in paid[-1].legs({"bank": UUID(int=0), "fees": UUID(int=0)}):
            balances[account] += amount
    return paid


def _one(chance: random.Random, at: datetime, wallet: UUID, other: UUID, balances: dict[UUID, int]) -> Paid:
    source, destination = (wallet, other) if chance.random() < 0.6 else (other, wallet)
    if balances[source] < 2 or chance.random() < 0.15:
        return Paid(at, None, chance.choice((source, destination)), chance.randrange(1, 90_000))
    spent = chance.randrange(1, balances[source])
    fee = chance.choice((0, 0, min(7, balances[source] - spent)))
    return Paid(at, source, destination, spent, fee)


def many_lines(wallet: UUID, other: UUID, many: int, *, every: timedelta = timedelta(seconds=40)) -> list[Paid]:
    """A long history: a deposit, then payments of a cent, alternately out and in."""
    at = datetime(2025, 10, 1, tzinfo=UTC)
    first = [Paid(at, None, wallet, 100_000_000), Paid(at, None, other, 100_000_000)]
    turns = itertools.cycle(((wallet, other), (other, wallet)))
    return first + [
        Paid(at + n * every, source, destination, 1, description=f"Payment {n}")
        for n, (source, destination) in enumerate(itertools.islice(turns, many), start=1)
    ]
