"""Creates users for a load: with money from deposits, and a few payees whom they have paid before.

Users, wallets and sessions are inserted with SQL, because hashing a password for each user would take longer than the
measurement. All money moves through the clearing, so that the books are correct before and after.
"""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing.footprint import Key
from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.terms import Terms
from pocketpay.database import uuids
from pocketpay.database.sessions import Database
from pocketpay.identity.tokens import AccessTokens
from pocketpay.identity.viewer import Viewer
from pocketpay.ledger.repository import postings
from pocketpay.money import Money
from pocketpay.payments.deposit import AcceptDeposit
from pocketpay.payments.other_bank import OtherBank
from pocketpay.payments.settle import Settle
from pocketpay.payments.transfer import Transfer
from pocketpay.settings import SecretKeys, Settings

OPENING = Money(1_000_000_00, "USD")
PAYEES = 5
CONCURRENT = 256


@dataclass(frozen=True, slots=True)
class Person:
    """A user with money, and their access token."""

    username: str
    wallet_id: UUID
    token: str


async def make_people(database: Database, names: list[str], secret_keys: SecretKeys) -> list[Person]:
    """Creates users with these usernames and empty wallets. Their access tokens are valid for one hour."""
    tokens = AccessTokens(secret_keys, lifetime_seconds=3600)
    viewers = [Viewer(uuids.uuid7(), uuids.uuid7(), uuids.uuid7()) for _ in names]
    wallets, users = [v.wallet_id for v in viewers], [v.user_id for v in viewers]
    async with database.write() as session:
        await session.execute(
            "insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at) "
            "select id, 'wallet', 'USD', 0, 0, 0, 0, clock_timestamp() from unnest($1::uuid[]) id",
            wallets,
        )
        await session.execute(
            "insert into wallets (id, account_kind, currency, status, created_at, updated_at) "
            "select id, 'wallet', 'USD', 'active', clock_timestamp(), clock_timestamp() from unnest($1::uuid[]) id",
            wallets,
        )
        await session.execute(
            "insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at) "
            "select u.id, u.name, u.name, 'none', 'member', u.wallet, clock_timestamp(), clock_timestamp() "
            "from unnest($1::uuid[], $2::text[], $3::uuid[]) u(id, name, wallet)",
            users,
            names,
            wallets,
        )
        await session.execute(
            "insert into sessions (id, user_id, created_at, last_used_at, expires_at) "
            "select s.id, s.user_id, clock_timestamp(), clock_timestamp(), clock_timestamp() + interval '1 day' "
            "from unnest($1::uuid[], $2::uuid[]) s(id, user_id)",
            [v.session_id for v in viewers],
            users,
        )
    now = time.time()
    return [
        Person(name, viewer.wallet_id, tokens.issue(viewer, now=now, session_expires_at=now + 3600)[0])
        for name, viewer in zip(names, viewers, strict=True)
    ]


async def open_clearing(database: Database, settings: Settings) -> Clearing:
    """Starts a clearing in this process."""
    async with database.write() as session:
        house = await postings.ensure_house_accounts(session, settings.served_currencies)
    clearing = Clearing(database, Terms.of(settings), house)
    await clearing.start()
    return clearing


async def fund(clearing: Clearing, people: list[Person]) -> None:
    """Makes a settled opening deposit for each user."""

    async def one(person: Person) -> None:
        key = Key(person.wallet_id, "opening-deposit", "deposit", bytes(32))
        accepted = await clearing.submit(
            AcceptDeposit(uuids.uuid7(), person.wallet_id, OPENING, OtherBank("Bench Bank"), key)
        )
        await clearing.submit(Settle(person.wallet_id, accepted.transaction.id, settled=True))

    await run_in_chunks([one(person) for person in people])


def payees_of(people: list[Person], number: int) -> list[Person]:
    """The users whom the user with index `number` has paid before: the next PAYEES in the list, which is circular."""
    return [people[(number + step) % len(people)] for step in range(1, PAYEES + 1)]


async def make_first_payments(clearing: Clearing, people: list[Person]) -> None:
    """Makes a completed payment from each user to each of their payees."""
    await run_in_chunks(
        [
            clearing.submit(payment(person, payee, f"first-{payee.username}"))
            for number, person in enumerate(people)
            for payee in payees_of(people, number)
        ]
    )


def payment(person: Person, payee: Person, key: str, minor: int = 1) -> Transfer:
    """A transfer instruction like the one that the mutation `transfer` submits."""
    fingerprint = hashlib.sha256(f"{payee.username}{minor}".encode()).digest()
    return Transfer(
        id=uuids.uuid7(),
        wallet_id=person.wallet_id,
        payee_id=payee.wallet_id,
        amount=Money(minor, "USD"),
        description="lunch",
        key=Key(person.wallet_id, key, "transfer", fingerprint),
    )


async def add_history(clearing: Clearing, person: Person, other: Person, entries: int) -> None:
    """Adds `entries` ledger entries to a user's wallet, by payments to `other`."""
    await run_in_chunks([clearing.submit(payment(person, other, f"history-{n:07}")) for n in range(entries)])


async def run_in_chunks(work: list) -> None:  # type: ignore[type-arg]  # coroutines with any result
    """Awaits all coroutines, at most CONCURRENT at a time."""
    for start in range(0, len(work), CONCURRENT):
        await asyncio.gather(*work[start : start + CONCURRENT])
