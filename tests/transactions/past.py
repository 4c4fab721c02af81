"""Writes users and past transactions directly into the tables, for tests that only read."""

import random
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from asyncpg import Connection, Record

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

OUTCOMES = ("completed",) * 4 + ("pending_confirmation", "blocked", "failed", "cancelled", "expired")

_COLUMNS = (
    *("id", "type", "status", "source_wallet_id", "destination_wallet_id", "amount", "description", "created_at"),
    *("completed_at", "fee", "currency", "risk_reasons", "failure_code", "expires_at", "version", "updated_at"),
)


@dataclass(frozen=True)
class Happened:
    """A transaction of the past."""

    id: UUID
    type: str
    status: str
    source: UUID | None
    destination: UUID
    amount: int
    description: str
    created_at: datetime
    completed_at: datetime | None
    fee: int = 0

    def visible_to(self, wallet: UUID) -> datetime | None:
        """Returns when it became visible to that wallet, computed in another way than in the product."""
        if wallet == (self.source or self.destination):
            return self.created_at
        return self.completed_at if wallet == self.destination else None


def payment(source: UUID | None, destination: UUID, **changed: object) -> Happened:
    """A completed payment at noon; `changed` replaces fields. Without a source it is a deposit."""
    facts: dict[str, object] = {
        "id": uuids.uuid7(),
        "type": "send" if source else "deposit",
        "status": "completed",
        "source": source,
        "destination": destination,
        "amount": 1_000,
        "description": "Lunch",
        "created_at": NOON,
    } | changed
    facts.setdefault("completed_at", facts["created_at"] if facts["status"] == "completed" else None)
    return Happened(**facts)  # type: ignore[arg-type]


def at_random(chance: random.Random, wallets: list[UUID], many: int) -> list[Happened]:
    """Random transactions among those wallets. Many have the same time."""
    return [_one_at_random(chance, wallets) for _ in range(many)]


def _one_at_random(chance: random.Random, wallets: list[UUID]) -> Happened:
    source: UUID | None
    source, destination = chance.sample(wallets, 2)
    if chance.random() < 0.2:
        source = None
    status = chance.choice(OUTCOMES) if source else "completed"
    made = NOON + timedelta(minutes=chance.randrange(20))
    return payment(
        source,
        destination,
        id=UUID(bytes=chance.randbytes(16)),
        status=status,
        amount=chance.randrange(1, 50) * 100,
        description=chance.choice(("Lunch", "LUNCH at 50%", "rent_may", "Rent", "Ünder")),
        created_at=made,
        completed_at=made + timedelta(minutes=chance.choice((0, 0, 0, 7))) if status == "completed" else None,
    )


async def people(owner: "Connection[Record]", *usernames: str) -> list[UUID]:
    """Creates a user with a wallet for each username. Returns the wallet ids."""
    wallets: list[UUID] = [uuids.uuid7() for _ in usernames]
    await owner.executemany(
        "insert into ledger_accounts values ($1, 'wallet', 'USD', 0, 0, 0, 0, $2)", [(id, NOON) for id in wallets]
    )
    await owner.executemany(
        "insert into wallets values ($1, 'wallet', 'USD', 'active', null, null, $2, $2)",
        [(id, NOON) for id in wallets],
    )
    await owner.executemany(
        "insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at) "
        "values ($1, $2, initcap($2::varchar), 'none', 'member', $3, $4, $4)",
        [(uuids.uuid7(), username, id, NOON) for username, id in zip(usernames, wallets, strict=True)],
    )
    return wallets


async def write(owner: "Connection[Record]", happened: Iterable[Happened]) -> None:
    """Writes the transactions into the tables."""
    rows = []
    for one in happened:
        failure = "INSUFFICIENT_FUNDS" if one.status in ("failed", "blocked") else None
        expires = one.created_at if one.status == "pending_confirmation" else None
        updated = one.completed_at or one.created_at
        rows.append((*astuple(one), "USD", "[]", failure, expires, 1, updated))
    await owner.copy_records_to_table("transactions", records=rows, columns=_COLUMNS)
