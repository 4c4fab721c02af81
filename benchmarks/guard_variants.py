"""The variants that `benchmarks.guard_cost` compares: the SQL that makes each of them of a migrated database.

Each variant is compared with `base`, from which it differs in one thing:

    the guard     the trigger of entries, as shipped, with less to check, without it, or for each row
    the keys      the references of a payment: foreign keys as before revision 0021; one of these dropped, with or
                  without its guard; and one of the foreign keys that stay dropped
"""

from dataclasses import dataclass

from alembic.script import ScriptDirectory

from pocketpay.database import migrations

AS_SHIPPED = "as shipped"
BEFORE = "all foreign keys, as before revision 0021"


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant. `sql` makes it of a database as shipped."""

    name: str
    sql: str = ""
    base: str = AS_SHIPPED


ZERO_SUMS = """
create or replace function ledger_entries_guard() returns trigger language plpgsql as $$
declare
    broken uuid;
begin
    select transaction_id into broken from fresh
    group by transaction_id, currency having sum(amount) <> 0 limit 1;
    if found then
        raise exception 'the entries of transaction % do not sum to zero', broken;
    end if;
    return null;
end $$
"""
NO_GUARD = "drop trigger ledger_entries_guard on ledger_entries"
EACH_ROW = f"""{NO_GUARD};
create function zero_sum_of_row() returns trigger language plpgsql as $$
begin
    if (select sum(amount) from ledger_entries where transaction_id = new.transaction_id) <> 0 then
        raise exception 'the entries of transaction % do not sum to zero', new.transaction_id;
    end if;
    return null;
end $$;
create constraint trigger zero_sum_of_row after insert on ledger_entries
    deferrable initially deferred for each row execute function zero_sum_of_row()
"""

ACCOUNT = "fk_ledger_entries_account"
TRANSACTION = "fk_ledger_entries_transaction"
SOURCE = "fk_transactions_source_wallet_id_wallets"
DESTINATION = "fk_transactions_destination_wallet_id_wallets"
DROPPED = {
    ACCOUNT: "foreign key (account_id, currency, kind) references ledger_accounts (id, currency, kind)",
    TRANSACTION: "foreign key (transaction_id, currency) references transactions (id, currency)",
    SOURCE: "foreign key (source_wallet_id) references wallets",
    DESTINATION: "foreign key (destination_wallet_id) references wallets",
}
"""The foreign keys that revision 0021 dropped."""

KEYS = "fk_idempotency_keys_wallet_id_wallets"
KEPT = {
    KEYS: "idempotency_keys",
    "fk_wallet_usage_wallet_id_wallets": "wallet_usage",
    "fk_transactions_request": "transactions",
    "fk_transactions_card": "transactions",
    "fk_transactions_refund_of": "transactions",
}
"""The foreign keys that stay, and their tables."""

KEYS_GUARD = """
create function idempotency_keys_guard() returns trigger language plpgsql as $$
declare
    broken uuid;
begin
    select f.wallet_id into broken from fresh f left join only public.wallets w on w.id = f.wallet_id
    where w.id is null limit 1;
    if found then
        raise exception 'the wallet % of a key does not exist', broken;
    end if;
    return null;
end $$;
create trigger idempotency_keys_guard after insert on idempotency_keys
    referencing new table as fresh for each statement execute function idempotency_keys_guard()
"""

NO_ACCOUNTS_TRIGGER = "drop trigger ledger_accounts_immutable on ledger_accounts"
NO_WALLETS_GUARD = "drop trigger transactions_guard on transactions"


def guard_variants() -> list[Variant]:
    """The trigger of entries."""
    return [
        Variant(AS_SHIPPED),
        Variant("zero sums alone", ZERO_SUMS),
        Variant("no guard", NO_GUARD),
        Variant("zero sums by a deferred trigger for each row", EACH_ROW),
    ]


def key_variants() -> list[Variant]:
    """The references of a payment."""
    scripts = ScriptDirectory.from_config(migrations.config())
    books, references = (scripts.get_revision(revision).module for revision in ("0001", "0021"))
    old_guard = books.GUARDS[0].replace("create function", "create or replace function")
    new_guard, wallets_trigger = references.ENTRIES_GUARD, references.TRANSACTIONS_TRIGGER

    def before(*dropped: str, guards: tuple[str, ...] = ()) -> str:
        tables = {name: "ledger_entries" if "entries" in name else "transactions" for name in DROPPED}
        keys = (
            f"alter table {tables[name]} add constraint {name} {text} not valid"
            for name, text in DROPPED.items()
            if name not in dropped
        )
        return "; ".join([old_guard, NO_ACCOUNTS_TRIGGER, NO_WALLETS_GUARD, *keys, *guards])

    return [
        Variant(BEFORE, before()),
        Variant(AS_SHIPPED, base=BEFORE),
        *(Variant(f"without {name}", before(name), BEFORE) for name in DROPPED),
        Variant(f"a guard for {TRANSACTION}", before(TRANSACTION, guards=(new_guard,)), BEFORE),
        Variant("a guard for both wallets", before(SOURCE, DESTINATION, guards=(wallets_trigger,)), BEFORE),
        *(Variant(f"without {name}", f"alter table {table} drop constraint {name}") for name, table in KEPT.items()),
        Variant(f"a guard for {KEYS}", f"{KEYS_GUARD}; alter table {KEPT[KEYS]} drop constraint {KEYS}"),
        Variant("accounts whose key may change", NO_ACCOUNTS_TRIGGER),
    ]
