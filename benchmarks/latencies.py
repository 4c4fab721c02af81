"""Compares the latencies of a large book with those of a new one: `python -m benchmarks.latencies DIRECTORY`.

DIRECTORY has the book that `python -m benchmarks.large_book DIRECTORY` wrote. In a book of 10,000,000 transactions
the shop's wallet has 1,000,000 entries. The new book is made here, with customers who have about ten entries. Each
book has its own server and its own PostgreSQL. One client sends the same operation to both in turns: one operation is
waited for before the next is sent. The figures are medians over all rounds, in milliseconds, and their ratio.

The shop pays in the large book, and a customer with few entries pays in the new one. The rule for rapid payments is
off, because one customer makes all payments.
"""

import argparse
import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import large_book, servers
from benchmarks.graphql import Client
from benchmarks.large_book import SHOP
from benchmarks.population import Person, open_clearing, payment
from pocketpay.database import migrations, uuids
from pocketpay.database.embedded import secret_key
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Database
from pocketpay.identity.tokens import AccessTokens
from pocketpay.identity.viewer import Viewer
from pocketpay.settings import Settings

PAGE = 5
"""The items of a page: fewer than the new book has, so that both send the same number."""

NEW_BOOK = 1_000
"""The payments of the new book. Its customers have about ten entries each."""

PAYEE = "person_7"
PAYER_IN_NEW_BOOK = "person_3"

NODES = "nodes { id description direction amount { amount } counterparty { name } createdAt } pageInfo { endCursor }"
OPERATIONS = {
    "balance": "query { wallet { balance { amount } available { amount } held { amount } } }",
    "transfer": (
        "mutation ($key: String!) { transfer(input: "
        f'{{to: "{PAYEE}", amount: "0.01", description: "lunch", idempotencyKey: $key}}) '
        "{ errors { code message } transaction { id status } } }"
    ),
    "first page of the history": f"query {{ transactions(first: {PAGE}) {{ {NODES} }} }}",
    "later page of the history": (
        f"query ($after: String!) {{ transactions(first: {PAGE}, after: $after) {{ {NODES} }} }}"
    ),
    "statement of this month": (
        "query ($month: String!) { wallet { statement(month: $month) "
        "{ opening { amount } closing { amount } "
        f"entries(first: {PAGE}) {{ nodes {{ id balanceAfter {{ amount }} }} }} }} }} }}"
    ),
}
PAGES_BEFORE_THE_LATER_PAGE = 50


@dataclass
class Book:
    """A served book, with the customer whose operations are measured."""

    client: Client
    customer: Person
    entries: int
    variables: dict[str, str]
    milliseconds: dict[str, list[float]] = field(default_factory=dict)

    async def ask(self, name: str, key: str) -> None:
        """Sends an operation and keeps how long it took."""
        began = time.perf_counter()
        await self.client.ask(OPERATIONS[name], {**self.variables, "key": key}, self.customer.token)
        self.milliseconds.setdefault(name, []).append((time.perf_counter() - began) * 1e3)

    async def open_later_page(self) -> None:
        """Reads pages up to the later page, or to the last complete one, and keeps the cursor before it."""
        before = after = None
        for _ in range(PAGES_BEFORE_THE_LATER_PAGE):
            argument = "" if after is None else f', after: "{after}"'
            page = await self.client.ask(
                f"{{ transactions(first: {PAGE}{argument}) {{ {NODES} }} }}", {}, self.customer.token
            )
            if len(page["nodes"]) < PAGE:
                after = before
                break
            before, after = after, page["pageInfo"]["endCursor"]
        assert after is not None, "the new book has at least two pages"
        self.variables["after"] = after


async def customer_of(postgres: EmbeddedPostgres, data: Path, username: str) -> tuple[Person, int]:
    """Returns a customer of the book with a new access token, and the number of their entries. Makes a payment to
    the payee, so that the payee is known."""
    owner = await asyncpg.connect(postgres.owner_dsn)
    try:
        found: Any = await owner.fetchrow(
            "select u.id, u.wallet_id, a.sequence from users u join ledger_accounts a on a.id = u.wallet_id "
            "where username = $1",
            username,
        )
        payee: Any = await owner.fetchrow("select wallet_id from users where username = $1", PAYEE)
        viewer = Viewer(found["id"], found["wallet_id"], uuids.uuid7())
        await owner.execute(
            "insert into sessions (id, user_id, created_at, last_used_at, expires_at) "
            "values ($1, $2, clock_timestamp(), clock_timestamp(), clock_timestamp() + interval '1 day')",
            viewer.session_id,
            viewer.user_id,
        )
    finally:
        await owner.close()
    now = time.time()
    tokens = AccessTokens((secret_key.read_or_create(data),), lifetime_seconds=3600)
    person = Person(username, viewer.wallet_id, tokens.issue(viewer, now=now, session_expires_at=now + 3600)[0])
    database = await Database.open(postgres.server_dsn)
    clearing = await open_clearing(database, Settings(new_recipient_action="off", rapid_transfer_action="off"))
    try:
        await clearing.submit(payment(person, Person(PAYEE, payee["wallet_id"], ""), f"first-{now}"))
    finally:
        await clearing.close()
        await database.close()
    return person, found["sequence"]


async def measure(
    large: tuple[EmbeddedPostgres, Path, int], new: tuple[EmbeddedPostgres, Path, int], rounds: int
) -> list[Book]:
    """Measures both books in turns. Each is its PostgreSQL, its directory and its server's port."""
    books = []
    for (postgres, data, port), username in ((large, SHOP), (new, PAYER_IN_NEW_BOOK)):
        person, entries = await customer_of(postgres, data, username)
        book = Book(await Client.open(port), person, entries, {"month": f"{datetime.now(UTC):%Y-%m}"})
        await book.open_later_page()
        books.append(book)
    for number in range(rounds):
        for name in OPERATIONS:
            for book in books if number % 2 else reversed(books):
                await book.ask(name, f"latency-{time.time_ns()}")
    for book in books:
        book.client.close()
    return books


def lines(books: list[Book], skipped: int) -> Iterator[str]:
    """Yields the table. The first `skipped` rounds do not count."""
    large, new = books
    yield f"| one client, ms | {large.entries:,} entries in the wallet | {new.entries:,} entries | ratio |"
    yield "| --- | ---: | ---: | ---: |"
    for name in OPERATIONS:
        many, few = (statistics.median(book.milliseconds[name][skipped:]) for book in (large, new))
        ratios = (
            a / b for a, b in zip(large.milliseconds[name][skipped:], new.milliseconds[name][skipped:], strict=True)
        )
        yield f"| {name} | {many:.2f} | {few:.2f} | {statistics.median(ratios):.2f} |"


async def _new_book(postgres: EmbeddedPostgres) -> None:
    await large_book.make(postgres.server_dsn, postgres.owner_dsn, NEW_BOOK)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latencies", description="Compares latencies.")
    parser.add_argument("directory", type=Path, help="a directory with a book of benchmarks.large_book")
    parser.add_argument("--rounds", type=int, default=1_000, help="operations of each kind on each book")
    arguments = parser.parse_args()
    if not (arguments.directory / "cluster").exists():
        parser.error(f"{arguments.directory} has no book: see python -m benchmarks.large_book --help")
    rounds, skipped = max(20, arguments.rounds), max(20, arguments.rounds) // 10
    with tempfile.TemporaryDirectory(prefix="pocketpay-latencies-") as home:
        Path(home).chmod(0o755)
        directory = Path(home) / "new"
        with EmbeddedPostgres(arguments.directory) as large, EmbeddedPostgres(directory) as new:
            asyncio.run(migrations.upgrade(large.owner_dsn, large.server_dsn))
            asyncio.run(_new_book(new))
            with (
                servers.pocketpay(arguments.directory, RAPID_TRANSFER_ACTION="off") as (large_port, _),
                servers.pocketpay(directory, RAPID_TRANSFER_ACTION="off") as (new_port, _),
            ):
                sides = (large, arguments.directory, large_port), (new, directory, new_port)
                books = asyncio.run(measure(*sides, rounds + skipped))
    print("\n".join(itertools.chain(lines(books, skipped))))


if __name__ == "__main__":
    main()
