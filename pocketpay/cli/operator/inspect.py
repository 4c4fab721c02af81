"""`pocketpay operator find`, `pending`, `actions`: customers, unfinished transactions and the log, as tables."""

from typing import Annotated, Any
from uuid import UUID

import typer

from pocketpay.cli import output
from pocketpay.cli.commands import Commands
from pocketpay.cli.operator.console import Console, wallet_of_text, with_console
from pocketpay.cli.operator.rows import TRANSACTION, transaction_rows
from pocketpay.cli.output import Problem, Result
from pocketpay.cli.tables import Limit

inspect = Commands()

SHOWN_FACTS = ("freeze", "name", "value", "before", "amount", "currency", "sessions", "lines")
"""The facts of an act that are shown, in addition to the ids."""


@inspect.command("find")
def find_verb(
    text: Annotated[
        str,
        typer.Argument(help="A username, email address, phone number, or the id of a user, wallet or transaction."),
    ],
) -> Result:
    """Finds customers by an exact value. Closed accounts are included. Exits with 1 when there is none."""
    from pocketpay.api import ids
    from pocketpay.api.operations.customer_query import customer_query
    from pocketpay.operations import customers
    from pocketpay.wallets.reads import WalletReads

    async def read_rows(console: Console) -> list[list[object]]:
        found = await console.database.query(customers.find, customer_query(text))
        reads, wallet_ids = WalletReads(console.database), [one.wallet_id for one in found]
        balances = await reads.balances.load_many(wallet_ids)
        reasons = await reads.freeze_reasons.load_many(wallet_ids)
        rows: list[list[object]] = []
        for one, wallet, reason in zip(found, balances, reasons, strict=True):
            assert wallet is not None, "every user has a wallet"  # noqa: S101 - a foreign key
            frozen_for = wallet.standing.frozen_for
            status = wallet.standing.status.value + (f" ({frozen_for})" if frozen_for else "")
            verified = None if one.email is None else one.email_verified
            about = [one.username, one.name, one.email, verified, one.phone, one.role.value]
            money = [str(wallet.posted), str(wallet.held), wallet.currency]
            id = ids.encode(ids.WALLET, one.wallet_id)
            rows.append([*about, status, *money, id, reason])
        return rows

    columns = {
        "username": "USERNAME",
        "name": "NAME",
        "email": "EMAIL",
        "email_verified": "VERIFIED",
        "phone": "PHONE",
        "role": "ROLE",
        "wallet_status": "WALLET",
        "balance": "BALANCE",
        "held": "HELD",
        "currency": "CURRENCY",
        "wallet_id": "WALLET ID",
        "freeze_reason": "WHY",
    }
    rows = with_console(read_rows)
    if not rows:
        return Result({"rows": []}, problem=Problem("NOT_FOUND", "No customer found."))
    return output.table(columns, rows)


@inspect.command("pending")
def pending_verb(limit: Limit = 50) -> Result:
    """Lists unfinished payments and orders of a bank.

    These are payments that wait for confirmation, earliest expiry first, and orders without the bank's answer.
    """
    from pocketpay.operations.pending import pending

    async def read_rows(console: Console) -> list[list[object]]:
        waiting = await console.database.query(pending, limit)
        rows = await transaction_rows(console, waiting)
        return [[*row, one.expires_at] for row, one in zip(rows, waiting, strict=True)]

    return output.table({**TRANSACTION, "created_at": "SINCE", "expires_at": "EXPIRES"}, with_console(read_rows))


@inspect.command("actions")
def actions_verb(
    wallet: Annotated[
        str | None, typer.Option("--wallet", help="Only actions on this wallet: its id, or its owner's username.")
    ] = None,
    limit: Limit = 50,
) -> Result:
    """Lists the actions of operators, newest first."""
    from pocketpay.api import ids
    from pocketpay.operator_log import listing

    async def read_rows(console: Console) -> list[list[object]]:
        about = None if wallet is None else await wallet_of_text(console, wallet)
        recorded = await console.database.query(listing.read, about, limit=limit)
        return [
            [
                one.created_at,
                one.act.operator.name,
                one.act.action.value,
                None if one.act.wallet_id is None else ids.encode(ids.WALLET, one.act.wallet_id),
                None if one.act.transaction_id is None else ids.encode(ids.TRANSACTION, one.act.transaction_id),
                _facts(one.act.facts),
                one.act.reason,
            ]
            for one in recorded
        ]

    columns = {
        "created_at": "AT",
        "operator": "OPERATOR",
        "action": "ACTION",
        "wallet_id": "WALLET",
        "transaction_id": "TRANSACTION",
        "facts": "WHAT",
        "reason": "WHY",
    }
    return output.table(columns, with_console(read_rows))


def _facts(facts: dict[str, Any]) -> dict[str, object]:
    from pocketpay.api import ids

    shown = {name: facts[name] for name in SHOWN_FACTS if facts.get(name) is not None}
    if "difference" in facts:
        shown["difference"] = ids.encode(ids.BANK_DIFFERENCE, UUID(facts["difference"]))
    return shown
