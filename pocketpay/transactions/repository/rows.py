"""Turns a row of `transactions` into a Transaction, and values into the jsonb of its columns.

    risk_reasons    [{"rule": "large_transfer", "facts": {"threshold": "500.00", "currency": "USD"}}, …]
    failure_facts   {…} or null

The driver returns jsonb as text.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from asyncpg import Record

from pocketpay.money import Money
from pocketpay.risk.rule import Reason
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type

COLUMNS = (
    "id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee, description, bank_name, "
    "request_id, card_id, refund_of, refunded, uncounted, risk_reasons, failure_code, failure_facts, expires_at, "
    "version, created_at, updated_at, completed_at"
)
"""The columns that `transaction` needs."""


def transaction(record: Record) -> Transaction:
    """Returns the Transaction of a row that holds at least COLUMNS."""
    currency = record["currency"]
    facts = record["failure_facts"]
    return Transaction(
        id=record["id"],
        type=Type(record["type"]),
        status=Status(record["status"]),
        source_wallet_id=record["source_wallet_id"],
        destination_wallet_id=record["destination_wallet_id"],
        amount=Money(record["amount"], currency),
        fee=Money(record["fee"], currency),
        description=record["description"],
        bank_name=record["bank_name"],
        request_id=record["request_id"],
        card_id=record["card_id"],
        refund_of=record["refund_of"],
        refunded=record["refunded"],
        uncounted=record["uncounted"],
        risk_reasons=reasons(record["risk_reasons"]),
        failure_code=record["failure_code"],
        failure_facts=None if facts is None else orjson.loads(facts),
        expires_at=record["expires_at"],
        version=record["version"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
        completed_at=record["completed_at"],
    )


def reasons(text: str) -> tuple[Reason, ...]:
    """Returns the risk reasons in the jsonb text, including reasons of rules that only a newer server has."""
    if text == "[]":  # nearly every row: skip the parser
        return ()
    stored: list[dict[str, Any]] = orjson.loads(text)
    return tuple(Reason(reason["rule"], reason["facts"]) for reason in stored)


def reasons_text(reasons: Sequence[Reason]) -> str:
    """Returns the jsonb text that stores the risk reasons."""
    if not reasons:  # nearly every row
        return "[]"
    return orjson.dumps([{"rule": reason.rule, "facts": reason.facts} for reason in reasons]).decode()


def facts_text(facts: dict[str, Any] | None) -> str | None:
    """Returns the jsonb text that stores the facts of a failure, or None for None."""
    return None if facts is None else orjson.dumps(facts).decode()
