"""The statements that the server's login and the reader role may never execute."""

import asyncpg
import pytest

from tests.ledger.attempts import Writer
from tests.ledger.books import EVERYTHING, Scene

FORBIDDEN_TO_SERVER = (
    "update transactions set amount = amount + 1",
    "update transactions set fee = 0",
    "update transactions set currency = 'EUR'",
    "update transactions set type = 'bonus'",
    "update transactions set source_wallet_id = destination_wallet_id",
    "update transactions set destination_wallet_id = source_wallet_id",
    "update transactions set created_at = now()",
    "update transactions set description = 'never mind'",
    "delete from transactions",
    "update ledger_accounts set kind = 'bank'",
    "update ledger_accounts set currency = 'EUR'",
    "update ledger_accounts set id = gen_random_uuid()",
    "delete from ledger_accounts",
    "update wallets set currency = 'EUR'",
    "update wallets set id = gen_random_uuid()",
    "delete from wallets",
    "delete from users",
    "update users set id = gen_random_uuid()",
    "update users set wallet_id = gen_random_uuid()",
    "update users set created_at = now()",
    "update users set name = 'Eve', wallet_id = gen_random_uuid()",
    "update idempotency_keys set fingerprint = ''",
    "delete from idempotency_keys",
    "update bank_files set total = 0",
    "delete from bank_files",
    "update bank_lines set amount = 1",
    "delete from bank_lines",
    "update bank_differences set kind = 'repeated'",
    "update bank_differences set books_amount = 1",
    "delete from bank_differences",
    "truncate bank_differences",
    "delete from stripe_objects",
    "update stripe_objects set owner_id = gen_random_uuid()",
    "update bank_accounts set wallet_id = gen_random_uuid()",
    "update bank_accounts set provider = 'stripe'",
    "delete from bank_accounts",
    "update bank_orders set bank_account_id = gen_random_uuid()",
    "delete from bank_orders",
    "update bank_returns set wallet_id = gen_random_uuid()",
    "delete from bank_returns",
    "update bank_return_refunds set refund_id = gen_random_uuid()",
    "delete from bank_return_refunds",
    "update alembic_version set version_num = '9999'",
    "alter table ledger_entries disable trigger ledger_entries_guard",
    "alter table ledger_entries disable trigger all",
    "alter table ledger_entries drop constraint ck_ledger_entries_amount_not_zero",
    "drop trigger ledger_entries_guard on ledger_entries",
    "create trigger mine after insert on ledger_entries execute function suppress_redundant_updates_trigger()",
    "create rule mine as on insert to ledger_entries do instead nothing",
    "alter function ledger_entries_guard() set search_path to pg_temp",
    "create or replace function public.ledger_entries_guard() returns trigger language plpgsql "
    "as 'begin return null; end'",
    "create function public.mine() returns int language sql as 'select 1'",
    "create table public.mine (id int)",
    "create schema mine",
    "drop table ledger_entries",
    "set session_replication_role = replica",
    "set role pocketpay_owner",
)

FORBIDDEN_TO_READER = (
    *(f"delete from {table}" for table in ("ledger_entries", "ledger_accounts", "transactions", "wallets", "users")),
    "insert into ledger_entries select * from ledger_entries",
    "update ledger_accounts set posted = 0",
    "update transactions set status = 'completed'",
    "truncate ledger_entries",
    "select password_hash from users",
    "select email from users",
    "select phone from users",
    "select * from users",
    "select * from sessions",
    "select id from sessions",
    "select user_agent from sessions",
    "select * from refresh_tokens",
    "select address from one_time_challenges",
    "select tries from one_time_challenges",
    "select recipient from outgoing_mails",
    "select facts from outgoing_mails",
)


@pytest.mark.parametrize("statement", FORBIDDEN_TO_SERVER)
async def test_the_server_may_not_execute_the_statement(scene: Scene, server: Writer, statement: str) -> None:
    before = await server.fetchval(EVERYTHING)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await server.execute(statement)
    assert await server.fetchval(EVERYTHING) == before


@pytest.mark.parametrize("statement", FORBIDDEN_TO_READER)
async def test_the_reader_may_not_execute_the_statement(scene: Scene, server: Writer, statement: str) -> None:
    await server.execute("set role pocketpay_reader")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await server.execute(statement)


async def test_the_server_may_update_only_the_listed_columns(owner: Writer) -> None:
    """Lists every column that the server may update, so that a new one is added on purpose."""
    rows = await owner.fetch(
        "select attrelid::regclass::text as name, array_agg(attname::text order by attname) as columns "
        "from pg_attribute where attrelid = any($1::regclass[]) and attnum > 0 and not attisdropped "
        "and has_column_privilege('pocketpay_server', attrelid, attnum, 'UPDATE') group by attrelid",
        [
            *("ledger_accounts", "ledger_entries", "transactions", "wallets", "idempotency_keys", "wallet_usage"),
            *("money_requests", "cards", "users", "imported_users", "operator_actions"),
            *("bank_files", "bank_lines", "bank_differences"),
            *("bank_accounts", "bank_orders", "bank_returns", "bank_return_refunds"),
            "stripe_objects",
        ],
    )
    assert {row["name"]: row["columns"] for row in rows} == {
        "bank_accounts": [
            *("bank_name", "for_deposits", "for_withdrawals", "last4", "next_check_at", "reference", "status"),
            *("updated_at", "version"),
        ],
        "bank_differences": ["act_id", "closed_at"],
        "bank_orders": ["next_check_at"],
        "bank_returns": ["outstanding", "returned", "updated_at", "why"],
        "cards": ["monthly_limit", "per_payment_limit", "spent", "spent_in", "status", "updated_at", "version"],
        "ledger_accounts": ["held", "posted", "sequence", "updated_at", "version"],
        "money_requests": ["status", "updated_at", "version"],
        "stripe_objects": ["attempt", "busy_until", "ending", "stripe_id", "why"],
        "transactions": [
            "ask_again_at",
            "completed_at",
            "failure_code",
            "failure_facts",
            "refunded",
            "risk_reasons",
            "status",
            "uncounted",
            "updated_at",
            "version",
        ],
        "users": [
            "avatar_url",
            "closed_at",
            "email",
            "email_verified_at",
            "name",
            "password_hash",
            "phone",
            "phone_verified_at",
            "role",
            "updated_at",
            "username",
        ],
        "wallet_usage": ["amount"],
        "wallets": ["freeze_reason", "frozen_for", "status", "updated_at"],
    }
