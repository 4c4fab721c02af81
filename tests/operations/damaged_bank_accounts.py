"""Damage to linked bank accounts, to the orders through them, and to returns, made as the owner of the tables."""

from pocketpay.bank_accounts.guards import TRIGGERS
from pocketpay.bank_accounts.repository.proofs import (
    ACCOUNTS,
    BANK_ACCOUNTS_CONSTRAINED,
    BANK_ACCOUNTS_GUARDED,
    BOOKED,
    ORDERS,
    RETURNS,
)
from pocketpay.database.findings import Proof
from pocketpay.transactions.repository.proofs import KEYS
from tests.operations.damage import NEW, OTHER, Damage

ACCOUNT = "insert into bank_accounts values"
CORRECT = f"""
{ACCOUNT} ('{NEW}', '{{alice}}', '{{alice_user}}', 'USD', 'stripe', 'deposit', true, false, 'active', 'ref_1', 'Bank',
    '6789', 1, now(), now(), null);
insert into bank_orders values ('{{deposit}}', '{NEW}', null);
insert into bank_returns values ('{{deposit}}', '{{alice}}', 'USD', 100, 100, 'a_code', now(), now());
"""
"""Alice's bank account, her deposit from it, and a dollar of it that the bank took back and nobody booked yet."""

CHANGES = ("bank_accounts_immutable", "bank_orders_immutable", "bank_returns_never_shrink")


def _damaged(name: str, sql: str, found: dict[Proof, set[str]]) -> Damage:
    """Damage that is made to the correct rows, with the triggers off."""
    tables = {guard: table for table, guard, *_ in TRIGGERS}
    off = "".join(f"alter table {tables[guard]} disable trigger {guard};" for guard in CHANGES)
    on = "".join(f"alter table {tables[guard]} enable always trigger {guard};" for guard in CHANGES)
    return Damage(name, f"{CORRECT}{off}{sql};{on}", found)


BANK_ACCOUNTS = (
    _damaged(
        "a bank account in another currency",
        "update bank_accounts set currency = 'EUR'",
        {ACCOUNTS: {NEW}, ORDERS: {"{deposit}"}},
    ),
    _damaged(
        "a bank account of somebody who does not own its wallet",
        "update bank_accounts set user_id = '{bob_user}'",
        {ACCOUNTS: {NEW}},
    ),
    _damaged(
        "a bank account of a closed wallet",
        f"{ACCOUNT} ('{OTHER}', '{{gina}}', '{{gina_user}}', 'USD', 'stripe', 'deposit', true, false, 'failed', "
        "'ref_2', '', '', 1, now(), now(), null)",
        {ACCOUNTS: {OTHER}},
    ),
    _damaged(
        "an order through the bank account of another wallet",
        "update bank_orders set transaction_id = '{bobs_deposit}'",
        {ORDERS: {"{bobs_deposit}"}},
    ),
    _damaged(
        "a transfer through a bank account",
        "update bank_orders set transaction_id = '{sent}'",
        {ORDERS: {"{sent}"}},
    ),
    _damaged(
        "a return that is neither booked nor outstanding",
        "update bank_returns set outstanding = 99",
        {RETURNS: {"{deposit}"}},
    ),
    _damaged(
        "a return of more than the deposit",
        "update bank_returns set returned = 10001, outstanding = 10000",
        {RETURNS: {"{deposit}"}},
    ),
    _damaged(
        "a return of which more is outstanding than the deposit moved",
        "update bank_returns set outstanding = 10001",
        {RETURNS: {"{deposit}"}},
    ),
    _damaged(
        "a return of another wallet",
        "update bank_returns set wallet_id = '{bob}'",
        {RETURNS: {"{deposit}"}},
    ),
    _damaged(
        "a return in another currency",
        "update bank_returns set currency = 'EUR'",
        {RETURNS: {"{deposit}"}},
    ),
    _damaged(
        "a return of a transfer",
        "update bank_returns set transaction_id = '{sent}'",
        {RETURNS: {"{sent}"}},
    ),
    _damaged(
        "a return of a withdrawal that is not settled",
        "update bank_returns set transaction_id = '{unsettled}', wallet_id = '{carol}', outstanding = 200",
        {RETURNS: {"{unsettled}"}},
    ),
    _damaged(
        "a returned withdrawal without its fee",
        "update bank_returns set transaction_id = '{withdrawn}', wallet_id = '{bob}', returned = 2000, "
        "outstanding = 2000",
        {RETURNS: {"{withdrawn}"}},
    ),
    _damaged(
        "a return that is booked by the refund of another payment",
        "insert into bank_return_refunds values ('{rest}', '{deposit}')",
        {BOOKED: {"{rest}", "{deposit}"}},
    ),
    _damaged(
        "a key of a bank account that belongs to somebody else",
        "insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, created_at) "
        f"values ('{{bob}}', 'key-of-link', 'linkBankAccount', sha256('one'), array['{NEW}'::uuid], now())",
        {KEYS: {"{bob} key-of-link"}},
    ),
    *(
        Damage(
            f"{guard} disabled",
            f"alter table {table} disable trigger {guard}",
            {BANK_ACCOUNTS_GUARDED: {guard}},
        )
        for table, guard, *_ in TRIGGERS
    ),
    Damage(
        "no unique references of bank accounts",
        "drop index uq_bank_accounts_reference",
        {BANK_ACCOUNTS_CONSTRAINED: {"uq_bank_accounts_reference"}},
    ),
)
