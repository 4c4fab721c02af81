"""The console: opens the database for an operator's command and runs the command."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from contextlib import AsyncExitStack
    from uuid import UUID

    from pocketpay.database.sessions import Database
    from pocketpay.operator_log.act import Operator
    from pocketpay.payments.desk import Desk
    from pocketpay.settings import Settings

Reason = Annotated[str, typer.Option("--reason", help="The reason, kept in the operator log: 1 to 500 characters.")]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Console:
    """The services for a command: settings, database, and a Desk for commands that change money or wallets."""

    settings: "Settings"
    database: "Database"
    stack: "AsyncExitStack"

    async def desk(self) -> "Desk":
        """Opens a Desk in this process. Several clearings can work on one database at the same time."""
        from pocketpay.payments.desk import Desk

        desk = await Desk.open(self.database, self.settings, lanes=1)
        self.stack.push_async_callback(desk.close)
        return desk


def with_console(work: Callable[[Console], Awaitable[T]]) -> T:
    """Calls `work` with a console on the database of this process's settings, and returns its result.

    Raises DatabaseUnavailable, WrongRevision, SettingsError, and what `work` raises.
    """
    from pocketpay.cli import stops

    stops.exit_on_stop_signal()
    import asyncio
    from contextlib import AsyncExitStack

    from pocketpay import settings
    from pocketpay.cli import preparing
    from pocketpay.cli.database_address import database_of
    from pocketpay.database.errors import unreachable
    from pocketpay.database.failures import ServiceBusy
    from pocketpay.database.sessions import Database
    from pocketpay.serving import log

    chosen = settings.load()
    log.configure(chosen)

    async def run(dsn: str) -> T:
        async with AsyncExitStack() as stack:
            database = await Database.open(dsn, readers=1, writers=1)
            stack.push_async_callback(database.close)
            return await work(Console(chosen, database, stack))

    with database_of(chosen) as database:
        preparing.prepare(chosen, database)
        try:
            return asyncio.run(run(database.server_dsn))
        except ServiceBusy as busy:
            raise unreachable(busy) from busy


async def wallet_of_text(console: Console, typed: str) -> "UUID":
    """Returns the wallet with the typed wallet id, user id or username. Raises NotFound."""
    from pocketpay.api.operations.customer_query import customer_query
    from pocketpay.operations.customers import wallet_of
    from pocketpay.transactions.errors import NotFound

    wallet_id = await console.database.query(wallet_of, customer_query(typed))
    if wallet_id is None:
        raise NotFound("wallet")
    return wallet_id


def login() -> "Operator":
    """Returns the person who runs the command as an Operator, by their login name."""
    import os
    import pwd

    from pocketpay.operator_log.act import Operator

    try:
        return Operator(None, pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:  # a container may have a user without a name
        return Operator(None, f"uid {os.getuid()}")
