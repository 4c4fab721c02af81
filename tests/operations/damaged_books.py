"""Damage to accounts and entries, made as the owner of the tables with the triggers off."""

from pocketpay.ledger.repository.proofs import (
    CHAIN,
    CONSERVATION,
    LAST_CHANGE,
    NOTHING_OVERSPENT,
    PROJECTION,
)
from pocketpay.transactions.repository.proofs import HOLDS, LEGS, OWNERS
from tests.operations.damage import MOST, NEW, Damage, unguarded, without

BOOKS = (
    unguarded(
        "a missing entry of a house account",
        "delete from ledger_entries where id = '{deposit_bank}'",
        {CONSERVATION: {"{deposit}"}, LEGS: {"{deposit}"}},
    ),
    unguarded(
        "an entry with a larger amount",
        "update ledger_entries set amount = amount - 1 where id = '{deposit_bank}'",
        {CONSERVATION: {"{deposit}"}, LEGS: {"{deposit}"}},
    ),
    unguarded(
        "a missing entry of a wallet",
        "delete from ledger_entries where id = '{sent_bob}'",
        {CONSERVATION: {"{sent}"}, LEGS: {"{sent}"}, CHAIN: {"{confirmed_bob}"}, PROJECTION: {"{bob}"}},
    ),
    unguarded(
        "both entries of a payment missing",
        "delete from ledger_entries where transaction_id = '{last}'",
        {LEGS: {"{last}"}, PROJECTION: {"{bob}", "{carol}"}},
    ),
    unguarded(
        "a column of all entries rewritten",
        "alter table ledger_entries alter column amount type bigint using amount * 2",
        {
            LEGS: {
                *("{deposit}", "{bobs_deposit}", "{carols_deposit}", "{sent}", "{confirmed}", "{last}", "{bonus}"),
                *("{withdrawn}", "{given}", "{partly}", "{rest}", "{paid}", "{erins_deposit}", "{groceries}"),
                *("{franks_deposit}", "{franks_payment}", "{reversed}", "{returned}"),
            },
            CHAIN: {
                *("{withdrawn_bob}", "{given_bob}", "{given_alice}", "{partly_bob}", "{partly_alice}"),
                *("{rest_bob}", "{rest_alice}", "{paid_alice}", "{paid_bob}", "{erins_deposit_erin}"),
                *("{groceries_erin}", "{franks_deposit_frank}", "{franks_payment_frank}", "{franks_payment_gina}"),
                *("{reversed_gina}", "{reversed_frank}", "{returned_frank}"),
                *("{deposit_alice}", "{bobs_deposit_bob}", "{carols_deposit_carol}", "{sent_alice}", "{sent_bob}"),
                *("{confirmed_alice}", "{confirmed_bob}", "{last_bob}", "{last_carol}", "{bonus_dan}"),
            },
            PROJECTION: {"{alice}", "{bob}", "{carol}", "{dan}", "{erin}", "{frank}"},
        },
    ),
    without(
        "ck_ledger_accounts_available_not_negative",
        "more held than posted",
        "update ledger_accounts set held = posted + 1 where id = '{dan}'",
        {NOTHING_OVERSPENT: {"{dan}"}, HOLDS: {"{dan}"}},
    ),
    without(
        "ck_ledger_accounts_held_not_negative",
        "a negative hold",
        "update ledger_accounts set held = -1 where id = '{dan}'",
        {NOTHING_OVERSPENT: {"{dan}"}, HOLDS: {"{dan}"}},
    ),
    without(
        "ck_ledger_accounts_available_not_negative",
        "the smallest possible balance",
        f"update ledger_accounts set posted = {-MOST}, held = {MOST} where id = '{{dan}}'",
        {NOTHING_OVERSPENT: {"{dan}"}, HOLDS: {"{dan}"}, PROJECTION: {"{dan}"}},
    ),
    unguarded(
        "a gap in a chain",
        "update ledger_entries set sequence = 9 where id = '{last_carol}';"
        "update ledger_accounts set sequence = 9, version = 9 where id = '{carol}'",
        {CHAIN: {"{last_carol}"}},
    ),
    unguarded(
        "a chain that begins at two",
        "update ledger_entries set sequence = 2 where id = '{bonus_dan}';"
        "update ledger_accounts set sequence = 2, version = 2 where id = '{dan}'",
        {CHAIN: {"{bonus_dan}"}},
    ),
    unguarded(
        "a wrong balance in the middle of a chain",
        "update ledger_entries set balance_after = balance_after + 1 where id = '{sent_bob}'",
        {CHAIN: {"{sent_bob}", "{confirmed_bob}"}},
    ),
    unguarded(
        "a balance beyond 64 bits",
        f"update ledger_entries set balance_after = {MOST} where id = '{{sent_bob}}';"
        f"update ledger_entries set amount = {MOST} where id = '{{confirmed_bob}}'",
        {
            CHAIN: {"{sent_bob}", "{confirmed_bob}"},
            CONSERVATION: {"{confirmed}"},
            LEGS: {"{confirmed}"},
            PROJECTION: {"{bob}"},
        },
    ),
    unguarded(
        "an entry in another currency",
        "update ledger_entries set currency = 'EUR' where id = '{sent_bob}'",
        {CHAIN: {"{sent_bob}"}, CONSERVATION: {"{sent}"}, LEGS: {"{sent}"}},
    ),
    unguarded(
        "a wallet's entry marked as a house entry",
        "update ledger_entries set kind = 'bank', sequence = null, balance_after = null where id = '{last_carol}'",
        {CHAIN: {"{last_carol}"}, PROJECTION: {"{carol}"}},
    ),
    without(
        "ck_ledger_entries_wallets_are_chained",
        "a house account with a chain",
        "update ledger_entries set sequence = 1, balance_after = 0 where id = '{deposit_bank}'",
        {CHAIN: {"{deposit_bank}"}},
    ),
    unguarded(
        "an entry older than the previous one",
        "update ledger_entries set created_at = created_at - interval '1 hour' where id = '{last_bob}'",
        {CHAIN: {"{last_bob}"}},
    ),
    Damage(
        "an account older than its newest entry",
        "update ledger_accounts set updated_at = updated_at - interval '1 hour' where id = '{bob}'",
        {LAST_CHANGE: {"{bob}"}},
    ),
    unguarded(
        "entries without their account",
        "delete from ledger_accounts where id = '{dan}'",
        {CHAIN: {"{bonus_dan}"}, OWNERS: {"{dan}"}},
    ),
    unguarded(
        "house entries without their account",
        "delete from ledger_accounts where id = '{promotions}'",
        {CHAIN: {"{bonus_promotions}"}, LEGS: {"{bonus}"}},
    ),
    Damage(
        "a balance without an entry",
        "update ledger_accounts set posted = posted + 1 where id = '{dan}'",
        {PROJECTION: {"{dan}"}},
    ),
    Damage(
        "a count of entries without an entry",
        "update ledger_accounts set sequence = 7, version = 7 where id = '{dan}'",
        {PROJECTION: {"{dan}"}},
    ),
    Damage(
        "an account created with a balance",
        f"insert into ledger_accounts values ('{NEW}', 'wallet', 'USD', 500, 0, 0, 0, now());"
        f"insert into wallets values ('{NEW}', 'wallet', 'USD', 'active', null, null, now(), now());"
        "insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at) "
        f"values ('{NEW}', 'eve', 'Eve', 'none', 'member', '{NEW}', now(), now())",
        {PROJECTION: {NEW}},
    ),
)
