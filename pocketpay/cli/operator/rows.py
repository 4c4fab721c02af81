"""Transactions as rows of a table, with the username or bank on each side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pocketpay.cli.operator.console import Console
    from pocketpay.transactions.transaction import Transaction

TRANSACTION = {
    "id": "ID",
    "type": "TYPE",
    "status": "STATUS",
    "total": "TOTAL",
    "currency": "CURRENCY",
    "from": "FROM",
    "to": "TO",
}
"""The columns of a transaction. The time at which it was ordered follows in one more column."""


async def transaction_rows(console: "Console", transactions: "Sequence[Transaction]") -> list[list[object]]:
    """Returns a row for each transaction, in the same order: its columns, and the time at which it was ordered."""
    from pocketpay.api import ids
    from pocketpay.identity.reads import PeopleReads

    sides = {side for one in transactions for side in (one.source_wallet_id, one.destination_wallet_id) if side}
    owners = await PeopleReads(console.database).owners.load_many([*sides])
    names = {user.wallet_id: user.username for user in owners if user is not None}
    return [
        [
            ids.encode(ids.TRANSACTION, one.id),
            one.type.value,
            one.status.value,
            str(one.total),
            one.amount.currency,
            names.get(one.source_wallet_id) if one.source_wallet_id else one.bank_name,
            names.get(one.destination_wallet_id) if one.destination_wallet_id else one.bank_name,
            one.created_at,
        ]
        for one in transactions
    ]
