"""One kind of damage: how it is planted, and exactly what an audit says of it."""

from dataclasses import dataclass, field

from pocketpay.database.findings import Proof
from pocketpay.ledger.repository import proofs as ledger
from pocketpay.operations import guards

GUARDS_OFF = """
alter table ledger_entries disable trigger ledger_entries_guard;
alter table ledger_entries disable trigger ledger_entries_never_rewritten;
alter table transactions disable trigger transactions_lifecycle;
alter table money_requests disable trigger money_requests_lifecycle;
alter table cards disable trigger cards_lifecycle;
alter table operator_actions disable trigger operator_actions_never_rewritten;
set local session_replication_role = replica;
"""
GUARDS_ON = """
;set local session_replication_role = origin;
alter table ledger_entries enable always trigger ledger_entries_guard;
alter table ledger_entries enable always trigger ledger_entries_never_rewritten;
alter table transactions enable always trigger transactions_lifecycle;
alter table money_requests enable always trigger money_requests_lifecycle;
alter table cards enable always trigger cards_lifecycle;
alter table operator_actions enable always trigger operator_actions_never_rewritten;
"""
MOST = 2**63 - 1
NEW = "01900000-0000-7000-8000-000000000001"
OTHER = "01900000-0000-7000-8000-000000000002"
ENTRY = (
    "insert into ledger_entries (id, account_id, transaction_id, amount, currency, kind, sequence, balance_after, "
    "description, created_at)"
)
INTENT = (
    "insert into transactions (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee, "
    "description, risk_reasons, version, created_at, updated_at, completed_at)"
)


@dataclass(frozen=True)
class Damage:
    """`sql` has the town's names in braces; so have the ids of what is found."""

    name: str
    sql: str
    found: dict[Proof, set[str]] = field(hash=False)

    def __str__(self) -> str:
        return self.name


def unguarded(name: str, sql: str, found: dict[Proof, set[str]]) -> Damage:
    """Planted with triggers and foreign keys off, which are on again when the audit comes."""
    return Damage(name, GUARDS_OFF + sql + GUARDS_ON, found)


def without(constraint: str, name: str, sql: str, found: dict[Proof, set[str]]) -> Damage:
    """Planted where that constraint has been dropped, which is found as well."""
    table = constraint.split("_", 1)[1]
    table = next(
        known
        for known in ("ledger_accounts", "ledger_entries", "transactions", "wallet_usage", "cards")
        if table.startswith(known)
    )
    dropping = f"alter table {table} drop constraint {constraint};"
    constrained = ledger.CONSTRAINED if table.startswith("ledger") else guards.CONSTRAINED
    return unguarded(name, dropping + sql, {constrained: {constraint}, **found})
