"""Triggers, constraints and grants that were changed, while all rows are still correct."""

from pocketpay.bank_accounts.repository.proofs import BANK_ACCOUNTS_CONSTRAINED, BANK_ACCOUNTS_GUARDED
from pocketpay.ledger.repository import proofs as ledger
from pocketpay.ledger.repository.proofs import (
    COMPLETE,
    GUARDED,
    ONLY_THE_OWNERS,
)
from pocketpay.operations.guards import AUDITS_ARE_THE_OWNERS, CONSTRAINED, IMMUTABLE, LIFECYCLE, REFERENCES
from pocketpay.operator_log.repository.proofs import RECORD_CONSTRAINED, RECORD_GUARDED, RECORD_IS_THE_OWNERS
from tests.operations.damage import GUARDS_ON, Damage

GUARDS = (
    *(
        Damage(
            f"{guard} {how}",
            f"alter table {table} {how} trigger {guard}",
            {law: {guard}},
        )
        for table, guard, law in (
            ("ledger_accounts", "ledger_accounts_immutable", GUARDED),
            ("ledger_accounts", "ledger_accounts_never_removed", GUARDED),
            ("ledger_accounts", "ledger_accounts_never_truncated", GUARDED),
            ("transactions", "transactions_guard", REFERENCES),
            ("transactions", "transactions_never_removed", REFERENCES),
            ("transactions", "transactions_never_truncated", REFERENCES),
            ("wallets", "wallets_never_removed", REFERENCES),
            ("wallets", "wallets_never_truncated", REFERENCES),
            ("ledger_entries", "ledger_entries_guard", GUARDED),
            ("ledger_entries", "ledger_entries_never_rewritten", GUARDED),
            ("ledger_entries", "ledger_entries_never_truncated", GUARDED),
            ("transactions", "transactions_lifecycle", LIFECYCLE),
            ("money_requests", "money_requests_lifecycle", LIFECYCLE),
            ("cards", "cards_lifecycle", LIFECYCLE),
            ("transactions", "transactions_immutable", IMMUTABLE),
            ("money_requests", "money_requests_immutable", IMMUTABLE),
            ("cards", "cards_immutable", IMMUTABLE),
            ("wallets", "wallets_immutable", IMMUTABLE),
            ("users", "users_immutable", IMMUTABLE),
            ("idempotency_keys", "idempotency_keys_immutable", IMMUTABLE),
            ("imported_users", "imported_users_immutable", IMMUTABLE),
            ("operator_actions", "operator_actions_never_rewritten", RECORD_GUARDED),
            ("operator_actions", "operator_actions_never_truncated", RECORD_GUARDED),
            ("users", "users_username_given_once", RECORD_GUARDED),
        )
        for how in ("disable", "enable", "enable replica")
    ),
    Damage(
        "a dropped trigger",
        "drop trigger ledger_entries_never_truncated on ledger_entries",
        {GUARDED: {"ledger_entries_never_truncated"}},
    ),
    Damage(
        "a trigger on another table",
        "drop trigger ledger_entries_never_truncated on ledger_entries;"
        "create trigger ledger_entries_never_truncated before truncate on transactions "
        "execute function ledger_entries_are_final();"
        "alter table transactions enable always trigger ledger_entries_never_truncated",
        {GUARDED: {"ledger_entries_never_truncated"}},
    ),
    Damage(
        "a disabled trigger",
        "create or replace function ledger_entries_guard() returns trigger language plpgsql "
        "as 'begin return null; end'",
        {GUARDED: {"ledger_entries_guard"}},
    ),
    Damage(
        "a lifecycle that opens closed cards",
        "create or replace function cards_refuse_transition() returns trigger language plpgsql "
        "as 'begin return new; end'",
        {LIFECYCLE: {"cards_lifecycle"}},
    ),
    Damage(
        "a trigger that calls another function",
        "drop trigger ledger_entries_never_truncated on ledger_entries;"
        "create trigger ledger_entries_never_truncated before truncate on ledger_entries "
        "execute function suppress_redundant_updates_trigger();"
        "alter table ledger_entries enable always trigger ledger_entries_never_truncated",
        {GUARDED: {"ledger_entries_never_truncated"}},
    ),
    Damage(
        "a trigger that never fires",
        "drop trigger cards_lifecycle on cards;"
        "create trigger cards_lifecycle before update on cards for each row when (false) "
        "execute function cards_refuse_transition();"
        "alter table cards enable always trigger cards_lifecycle",
        {LIFECYCLE: {"cards_lifecycle"}},
    ),
    Damage(
        "a description that may change",
        "drop trigger transactions_immutable on transactions;"
        "create trigger transactions_immutable before update on transactions for each row "
        "when (old.amount is distinct from new.amount) execute function immutable_columns_refuse_update();"
        "alter table transactions enable always trigger transactions_immutable",
        {IMMUTABLE: {"transactions_immutable"}},
    ),
    Damage(
        "rows that may change completely",
        "create or replace function immutable_columns_refuse_update() returns trigger language plpgsql "
        "as 'begin return new; end'",
        {
            IMMUTABLE: {
                f"{table}_immutable"
                for table in (
                    *("transactions", "money_requests", "cards", "wallets", "users", "idempotency_keys"),
                    "imported_users",
                )
            },
            GUARDED: {"ledger_accounts_immutable"},
            BANK_ACCOUNTS_GUARDED: {"bank_accounts_immutable", "bank_orders_immutable"},
        },
    ),
    Damage(
        "rows that may be removed",
        "create or replace function rows_are_never_removed() returns trigger language plpgsql "
        "as 'begin return old; end'",
        {
            GUARDED: {"ledger_accounts_never_removed", "ledger_accounts_never_truncated"},
            REFERENCES: {
                f"{table}_never_{done}" for table in ("transactions", "wallets") for done in ("removed", "truncated")
            },
            BANK_ACCOUNTS_GUARDED: {
                f"{table}_never_{done}"
                for table in ("bank_accounts", "bank_orders", "bank_returns")
                for done in ("removed", "truncated")
            },
        },
    ),
    Damage(
        "transactions without a check of their wallets",
        "create or replace function transactions_guard() returns trigger language plpgsql "
        "as 'begin return null; end'",
        {REFERENCES: {"transactions_guard"}},
    ),
    Damage(
        "accounts whose currency may change",
        "drop trigger ledger_accounts_immutable on ledger_accounts;"
        "create trigger ledger_accounts_immutable after update of id, kind on ledger_accounts for each row "
        "when (old.id is distinct from new.id or old.currency is distinct from new.currency "
        "or old.kind is distinct from new.kind) execute function immutable_columns_refuse_update();"
        "alter table ledger_accounts enable always trigger ledger_accounts_immutable",
        {GUARDED: {"ledger_accounts_immutable"}},
    ),
    Damage(
        "a foreign key that is not enforced",
        "alter table transactions alter constraint fk_transactions_request not enforced",
        {CONSTRAINED: {"fk_transactions_request"}},
    ),
    Damage(
        "a constraint that is not validated",
        "alter table ledger_entries drop constraint ck_ledger_entries_amount_not_zero; "
        "alter table ledger_entries add constraint ck_ledger_entries_amount_not_zero check (amount <> 0) not valid",
        {ledger.CONSTRAINED: {"ck_ledger_entries_amount_not_zero"}},
    ),
    Damage(
        "an amount that may be null",
        "alter table ledger_entries alter column amount drop not null",
        {COMPLETE: {"ledger_entries.amount"}},
    ),
    Damage(
        "a second bank account that is allowed",
        "drop index uq_ledger_accounts_kind_currency_house",
        {ledger.CONSTRAINED: {"uq_ledger_accounts_kind_currency_house"}},
    ),
    *(
        Damage(
            f"the server may {right} entries", f"grant {right} on ledger_entries to {role}", {ONLY_THE_OWNERS: {role}}
        )
        for role, right in (
            ("pocketpay_server", "update"),
            ("pocketpay_server", "delete"),
            ("pocketpay_server", "truncate"),
            ("pocketpay_server", "trigger"),
            ("pocketpay_server", "update (amount)"),
            ("pocketpay", "delete"),
            ("pocketpay_reader", "update (description)"),
        )
    ),
    Damage(
        "every role may delete entries",
        "grant delete on ledger_entries to public",
        {ONLY_THE_OWNERS: {"public"}},
    ),
    Damage(
        "the server's login with the owner's role",
        "grant pocketpay_owner to pocketpay_server",
        {law: {"pocketpay_server"} for law in (ONLY_THE_OWNERS, RECORD_IS_THE_OWNERS, AUDITS_ARE_THE_OWNERS)},
    ),
    *(
        Damage(
            f"the server may {right}",
            f"grant {right} to pocketpay_server",
            {AUDITS_ARE_THE_OWNERS: {"pocketpay_server"}},
        )
        for right in ("insert on audit_runs", "update on audit_laws", "update (sequence) on audit_accounts")
    ),
    *(
        Damage(
            f"the server may {right} the operator log",
            f"grant {right} on operator_actions to pocketpay_server",
            {RECORD_IS_THE_OWNERS: {"pocketpay_server"}},
        )
        for right in ("update", "delete", "truncate", "update (reason)")
    ),
    Damage(
        "foreign keys that are disabled",
        "alter table transactions disable trigger all;"
        + GUARDS_ON
        + "alter table transactions enable always trigger transactions_never_truncated",
        {
            CONSTRAINED: {"fk_transactions_request", "fk_transactions_card", "fk_transactions_refund_of"},
            RECORD_CONSTRAINED: {"fk_operator_actions_transaction_id_transactions"},
            BANK_ACCOUNTS_CONSTRAINED: {
                "fk_bank_orders_transaction_id_transactions",
                "fk_bank_return_refunds_refund_id_transactions",
                "fk_bank_returns_transaction_id_transactions",
            },
        },
    ),
    Damage(
        "a record that needs no reason",
        "alter table operator_actions drop constraint ck_operator_actions_says_who_and_why",
        {RECORD_CONSTRAINED: {"ck_operator_actions_says_who_and_why"}},
    ),
)
