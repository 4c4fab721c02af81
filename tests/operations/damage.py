"""One kind of damage to the database: the SQL that makes it, and exactly what the audit must find."""

from dataclasses import dataclass, field

from pocketpay.database.findings import Proof
from pocketpay.ledger.repository import proofs as ledger
from pocketpay.operations import guards

GUARDS = (
    *("ledger_entries_guard", "ledger_entries_never_rewritten", "operator_actions_never_rewritten"),
    *("transactions_lifecycle", "money_requests_lifecycle", "cards_lifecycle"),
    *("transactions_immutable", "money_requests_immutable", "cards_immutable", "wallets_immutable"),
    *("users_immutable", "idempotency_keys_immutable", "imported_users_immutable"),
    *("ledger_accounts_immutable", "transactions_guard"),
    *("ledger_accounts_never_removed", "wallets_never_removed", "transactions_never_removed"),
)
"""The triggers that refuse a row or its change; their names begin with the table's name."""

TABLES = (
    *("ledger_accounts", "ledger_entries", "operator_actions", "transactions", "money_requests", "cards"),
    *("wallets", "wallet_usage", "users", "idempotency_keys", "imported_users"),
)


def table_of(name: str) -> str:
    """Returns the table of a trigger or, after its `ck_`, of a constraint."""
    return next(table for table in TABLES if name.startswith(f"{table}_"))


GUARDS_OFF = (
    "".join(f"alter table {table_of(guard)} disable trigger {guard};" for guard in GUARDS)
    + "set local session_replication_role = replica;"
)
GUARDS_ON = ";set local session_replication_role = origin;" + "".join(
    f"alter table {table_of(guard)} enable always trigger {guard};" for guard in GUARDS
)
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
    """A kind of damage. `sql` and the ids in `found` contain names of the town in braces."""

    name: str
    sql: str
    found: dict[Proof, set[str]] = field(hash=False)

    def __str__(self) -> str:
        return self.name


def unguarded(name: str, sql: str, found: dict[Proof, set[str]]) -> Damage:
    """Damage made with triggers and foreign keys off. They are on again before the audit."""
    return Damage(name, GUARDS_OFF + sql + GUARDS_ON, found)


def without(constraint: str, name: str, sql: str, found: dict[Proof, set[str]]) -> Damage:
    """Damage made after that constraint was dropped. The audit finds the missing constraint as well."""
    table = table_of(constraint.split("_", 1)[1])
    dropping = f"alter table {table} drop constraint {constraint};"
    constrained = ledger.CONSTRAINED if table.startswith("ledger") else guards.CONSTRAINED
    return unguarded(name, dropping + sql, {constrained: {constraint}, **found})
