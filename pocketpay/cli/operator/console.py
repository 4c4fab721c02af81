"""The console: finds the database for an operator's command, runs the command, and prints how it ended.

A refusal ends the process with its words on stderr and exit code 1.
"""

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from pocketpay import settings
from pocketpay.cli import serve, stops
from pocketpay.cli.place import database_of
from pocketpay.database.errors import unreachable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database
from pocketpay.errors import Refusal
from pocketpay.operator_log.act import Operator
from pocketpay.serving import log
from pocketpay.settings import Settings

if TYPE_CHECKING:
    from pocketpay.payments.desk import Desk

Reason = Annotated[str, typer.Option("--reason", help="The reason, kept in the operator log: 1 to 500 characters.")]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Console:
    """What a verb works with: the settings, the database, and a desk where money or a wallet is touched."""

    settings: Settings
    database: Database
    open_: AsyncExitStack

    async def desk(self) -> "Desk":
        """A desk of this process's own: several clearings on one database are normal."""
        from pocketpay.payments.desk import Desk

        desk = await Desk.open(self.database, self.settings)
        self.open_.push_async_callback(desk.close)
        return desk


def with_console(work: Callable[[Console], Awaitable[T]]) -> T:
    """Does the work on the database of this process's settings. A refusal ends the process with its words and 1."""
    stops.leave_on_stops(143)
    chosen = settings.load()
    log.configure(chosen)

    async def run(dsn: str) -> T:
        async with AsyncExitStack() as open_:
            database = await Database.open(dsn, readers=1, writers=1)
            open_.push_async_callback(database.close)
            return await work(Console(chosen, database, open_))

    with database_of(chosen) as place:
        serve.prepare(chosen, place)
        try:
            return asyncio.run(run(place.server_dsn))
        except ServiceBusy as busy:
            raise unreachable(busy) from busy
        except Refusal as refusal:
            typer.echo(_words(refusal), err=True)
            raise typer.Exit(1) from refusal


def _words(refusal: Refusal) -> str:
    """A refusal in the words of the API."""
    from pocketpay.api.errors import user_errors

    (error,) = user_errors((refusal,))
    return f"{error.code.value}: {error.message}"


async def wallet_of_text(console: Console, typed: str) -> UUID:
    """The wallet that was named. Raises NotFound."""
    from pocketpay.api.operations.customer_query import customer_query
    from pocketpay.operations.customers import wallet_of
    from pocketpay.transactions.errors import NotFound

    wallet_id = await console.database.query(wallet_of, customer_query(typed))
    if wallet_id is None:
        raise NotFound("wallet")
    return wallet_id


def login() -> Operator:
    """Whoever runs this, by their login name."""
    try:
        return Operator(None, pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:  # a container may have a user without a name
        return Operator(None, f"uid {os.getuid()}")
