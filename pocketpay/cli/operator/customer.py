"""`pocketpay operator sessions`, `transactions`: the sessions and transactions of one customer, as plain tables."""

from typing import Annotated

import typer

from pocketpay.cli import output
from pocketpay.cli.commands import Commands
from pocketpay.cli.operator.console import Console, wallet_of_text, with_console
from pocketpay.cli.operator.rows import TRANSACTION, transaction_rows
from pocketpay.cli.output import Result
from pocketpay.cli.tables import Limit

customer = Commands()

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="A username, or the id of a user or wallet.")]


@customer.command("sessions")
def sessions_verb(name: Customer) -> Result:
    """Lists the active sessions of a customer, newest first."""
    from pocketpay.api import ids
    from pocketpay.identity.reads import PeopleReads

    async def read_rows(console: Console) -> list[list[object]]:
        reads = PeopleReads(console.database)
        owner = await reads.owners.load(await wallet_of_text(console, name))
        assert owner is not None, "every wallet has its owner"  # noqa: S101 - the audit proves it
        return [
            [
                ids.encode(ids.SESSION, one.id),
                one.created_at,
                one.last_used_at,
                one.expires_at,
                one.user_agent,
            ]
            for one in await reads.sessions.load(owner.id) or []
        ]

    columns = {
        "id": "ID",
        "signed_in_at": "SIGNED IN",
        "last_used_at": "LAST USED",
        "expires_at": "EXPIRES",
        "client": "CLIENT",
    }
    return output.table(columns, with_console(read_rows))


@customer.command("transactions")
def transactions_verb(name: Customer, limit: Limit = 50) -> Result:
    """Lists a customer's transactions, newest first. The customer can see them; here they have all fields."""
    from pocketpay.transactions import history

    async def read_rows(console: Console) -> list[list[object]]:
        wallet_id = await wallet_of_text(console, name)
        found = await console.database.query(history.read_as_operator, wallet_id, limit=limit)
        rows = await transaction_rows(console, found)
        return [[*row, one.description] for row, one in zip(rows, found, strict=True)]

    return output.table({**TRANSACTION, "created_at": "AT", "description": "WHAT FOR"}, with_console(read_rows))
