"""Creates the users of a comparison through the public GraphQL API, so that the same code populates every version.

Each user signs up, deposits money, pays a few others once, and confirms these first payments. Later payments between
them complete immediately, although the risk rule for new recipients is on.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.errors import BenchmarkError
from benchmarks.graphql import Client

PEOPLE = 96
"""Number of users. A sign-up takes about 25 ms because of password hashing, so all of them take about three
seconds."""

PAYEES = 5
CONNECTIONS = 8
"""Number of concurrent sign-ups. With more, the server's queue for password hashing would be full and refuse some."""

OPENING = "1000000.00"

SIGN_UP = (
    "mutation ($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken } errors { code message } } }"
)
DEPOSIT = (
    "mutation ($input: DepositInput!) { deposit(input: $input) { transaction { status } errors { code message } } }"
)
TRANSFER = (
    "mutation ($input: TransferInput!) { transfer(input: $input) "
    "{ transaction { id status } errors { code message } } }"
)
CONFIRM = "mutation ($id: ID!) { confirmTransfer(id: $id) { transaction { id status } errors { code message } } }"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """A user with money, and their access token."""

    username: str
    token: str


async def make(port: int) -> list[Person]:
    """Creates all users, with money and first payments. The first two users have paid each other."""
    names = [f"person_{number}" for number in range(PEOPLE)]
    people: dict[str, Person] = {}

    async def join(client: Client, name: str) -> None:
        people[name] = await _join(client, name)

    await _each(port, names, join)
    crowd = [people[name] for name in names]
    pairs = [(payer, payee) for number, payer in enumerate(crowd) for payee in payees_of(crowd, number)]
    await _each(port, [*pairs, (crowd[1], crowd[0])], _make_first_payment)
    return crowd


def payees_of(crowd: list[Person], number: int) -> list[Person]:
    """The users whom the user with index `number` has paid before: the next PAYEES in the list, which is circular."""
    return [crowd[(number + step) % len(crowd)] for step in range(1, PAYEES + 1)]


def payers_of(crowd: list[Person], number: int) -> list[Person]:
    """The users who have paid the user with index `number` before."""
    return [crowd[number - step] for step in range(1, PAYEES + 1)]


def write_targets(path: Path, people: Iterable[tuple[Person, list[Person]]]) -> Path:
    """Writes payers and their payees in the format of the wrk script, load.lua."""
    lines = (f"{payer.username}\t{payer.token}\t{','.join(p.username for p in payees)}\n" for payer, payees in people)
    path.write_text("".join(lines))
    return path


async def pay(client: Client, payer: Person, payee: Person) -> tuple[str, str]:
    """Pays one cent. Returns the transaction's id and status."""
    order = {
        "to": payee.username,
        "amount": "0.01",
        "description": "lunch",
        "idempotencyKey": secrets.token_hex(16),
    }
    transaction = (await client.ask(TRANSFER, {"input": order}, payer.token))["transaction"]
    return transaction["id"], transaction["status"]


async def _join(client: Client, name: str) -> Person:
    form = {"username": name, "name": name, "password": secrets.token_hex(16)}
    signed_up = await client.ask(SIGN_UP, {"input": form})
    person = Person(name, signed_up["tokens"]["accessToken"])
    order = {"amount": OPENING, "bankName": "Bench Bank", "idempotencyKey": "opening-deposit"}
    deposited = await client.ask(DEPOSIT, {"input": order}, person.token)
    if deposited["transaction"]["status"] != "COMPLETED":
        raise BenchmarkError(f"The deposit of {name} is {deposited['transaction']['status']}.")
    return person


async def _make_first_payment(client: Client, pair: tuple[Person, Person]) -> None:
    payer, payee = pair
    id, status = await pay(client, payer, payee)
    if status == "PENDING_CONFIRMATION":
        confirmed = await client.ask(CONFIRM, {"id": id}, payer.token)
        status = confirmed["transaction"]["status"]
    if status != "COMPLETED":
        raise BenchmarkError(f"The first payment of {payer.username} to {payee.username} is {status}.")


async def _each(port: int, items: list[T], work: Callable[[Client, T], Awaitable[None]]) -> None:
    """Calls `work` for every item, over CONNECTIONS concurrent connections."""
    left = iter(items)

    async def worker() -> None:
        client = await Client.open(port)
        try:
            for item in left:
                await work(client, item)
        finally:
            client.close()

    async with asyncio.TaskGroup() as workers:
        for _ in range(CONNECTIONS):
            workers.create_task(worker())
