"""Every constraint, trigger and unique index of the database, and a statement that only it refuses.

The statements run as the owner of the tables, so no code and no privilege is in the way. Most of them copy a row that
the product has written and change one column. A new guard without a statement fails a test.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
import pytest
from asyncpg import Connection, Record

from tests.conftest import Dsns
from tests.mutations import catalog
from tests.operations.town import trade
from tests.warm_connections import connected

RANDOM = "gen_random_uuid()"
SOMEBODY = "(select id from users where username = 'alice')"
SOMEBODY_ELSE = "(select id from users where username = 'bob')"
CANCELLED = "(select id from transactions where status = 'cancelled' limit 1)"
FREE_WALLET = "'00000000-0000-4000-8000-000000000001'"
"""A wallet without a user."""

ROWS = (
    f"insert into ledger_accounts values ({FREE_WALLET}, 'wallet', 'USD', 0, 0, 0, 0, now())",
    f"insert into wallets values ({FREE_WALLET}, 'wallet', 'USD', 'active', null, null, now(), now())",
    f"insert into imported_users values ({RANDOM}, {SOMEBODY}, {RANDOM}, 100, now())",
    f"insert into known_addresses values ({SOMEBODY}, sha256('one'), now(), now())",
    f"insert into one_time_challenges values ({RANDOM}, {SOMEBODY}, 'email', 'a@example.com', 0, now(), now(), null)",
    "insert into outgoing_mails (id, user_id, event, recipient, kind, facts, status, tries, created_at, due_at, "
    f"expires_at) values ({RANDOM}, {SOMEBODY}, 'one', 'a@example.com', 'code', '{{}}', 'waiting', 0, now(), now(), "
    "now())",
    f"insert into sessions (id, user_id, created_at, last_used_at, expires_at) "
    f"values ({RANDOM}, {SOMEBODY}, now(), now(), now())",
    "insert into refresh_tokens select sha256('one'), id, now(), null from sessions limit 1",
    "insert into retired_usernames values (sha256('somebody_gone'), now())",
    "insert into risk_settings values ('new_recipient_action', 'off', now())",
    "insert into served_revisions values ('0000')",
    "insert into audit_runs values (gen_random_uuid(), 'whole', true, 0, '[]', 1, now(), now(), now(), '0029', "
    "'one')",
    "insert into audit_laws select 'a law', 'its queries', id from audit_runs",
    f"insert into audit_accounts values ({FREE_WALLET}, 0, 0, null)",
    f"insert into bank_files select {RANDOM}, sha256('one'), 'one.csv', 'USD', '2026-11-27', '2026-11-27', 1, 100, "
    "id, now() from operator_actions limit 1",
    "insert into bank_lines select id, 2, '2026-11-27', 100, 'one', null from bank_files",
    f"insert into bank_differences select {RANDOM}, id, 2, 'not_in_books', null, 'USD', 100, null, now(), null, null "
    "from bank_files",
    f"insert into bank_differences select {RANDOM}, id, null, 'not_in_file', {RANDOM}, 'USD', null, 100, now(), "
    "now(), act_id from bank_files",
    f"insert into bank_accounts select {RANDOM}, wallet_id, id, 'USD', 'simulated', 'deposit', true, false, "
    "'failed', 'ref_1', 'First Bank', '6789', 1, now(), now(), null from users where username = 'alice'",
    "insert into bank_orders select t.id, b.id, null from transactions t, bank_accounts b where t.type = 'deposit' "
    "and t.status = 'completed' limit 1",
    "insert into bank_returns select id, destination_wallet_id, currency, 2, 1, 'a_code', now(), now() "
    "from transactions where type = 'deposit' and status = 'completed' limit 1",
    "insert into bank_return_refunds select t.id, r.transaction_id from transactions t, bank_returns r "
    "where t.type = 'refund' limit 1",
    f"insert into search_blocks values ({FREE_WALLET}, now(), now() + interval '1 hour', 0, 'text')",
    "insert into sign_in_lanes values (sha256('one'), now(), now(), now(), now())",
    "insert into sign_in_turns values (sha256('one'), sha256('p'), sha256('n'), sha256('a'), 'first', now(), now(), "
    "null, now())",
    "insert into throttles (bucket, hits, window_started_at, expires_at) values ('one', 1, now(), now())",
    f"insert into stripe_objects values ({RANDOM}, 'payout', 'po_one', 0, 'settled', '', null, now())",
    f"insert into welcome_bonuses values ({FREE_WALLET}, {RANDOM}, 100, now(), null)",
    f"insert into welcome_mails values ({SOMEBODY}, now())",
    "insert into welcomed_emails values (sha256('one'), now())",
    "update users set email = 'alice@example.com', phone = '+12025550100' where username = 'alice'",
    "update users set email_verified_at = now(), phone_verified_at = now() where username = 'alice'",
)
"""A row of each table that the payments of the town leave empty."""


@dataclass(frozen=True)
class Copy:
    """An insert of a copy of one row with other values in some columns. The copy has an id of its own."""

    table: str
    changes: dict[str, str] = field(default_factory=dict)
    where: str = "true"


SENT = "type = 'send' and status = 'completed'"
ANOTHER_USER = {"username": "'somebody'", "wallet_id": FREE_WALLET}
EARLIER = {"since": "since - interval '1 hour'"}
IMPORTED = {"supabase_id": RANDOM, "user_id": SOMEBODY_ELSE}

ANOTHER_FILE = {"digest": "sha256('another')"}
NO_LINE = {"transaction_id": RANDOM}
"""A difference without a line, of another transaction."""
LINE_3 = {"line": "3", "transaction_id": RANDOM}
FIRST = "line = 2"
ANOTHER_OWNER = {"owner_id": RANDOM}

NO_REFERENCE = {"reference": "null"}
ANOTHER_ORDER = {"transaction_id": CANCELLED}

CHECKS: dict[str, Copy] = {
    "ck_audit_runs_kind_known": Copy("audit_runs", {"kind": "'half'"}),
    "ck_audit_runs_ok_without_findings": Copy("audit_runs", {"findings": "1"}),
    "ck_audit_runs_times_in_order": Copy("audit_runs", {"finished_at": "began_at - interval '1 second'"}),
    "ck_audit_runs_whole_rests_on_itself": Copy("audit_runs", {"whole_at": "began_at - interval '1 second'"}),
    "ck_bank_accounts_has_a_use": Copy("bank_accounts", {**NO_REFERENCE, "for_deposits": "false"}),
    "ck_bank_accounts_last4_is_four_digits": Copy("bank_accounts", {**NO_REFERENCE, "last4": "'12x4'"}),
    "ck_bank_accounts_pending_is_asked_about": Copy("bank_accounts", {**NO_REFERENCE, "status": "'pending'"}),
    "ck_bank_accounts_provider_known": Copy("bank_accounts", {**NO_REFERENCE, "provider": "'a_friend'"}),
    "ck_bank_accounts_reference_not_empty": Copy("bank_accounts", {"reference": "''"}),
    "ck_bank_accounts_status_known": Copy("bank_accounts", {**NO_REFERENCE, "status": "'lost'"}),
    "ck_bank_accounts_use_known": Copy("bank_accounts", {**NO_REFERENCE, "use": "'savings'"}),
    "ck_bank_accounts_version_positive": Copy("bank_accounts", {**NO_REFERENCE, "version": "0"}),
    "ck_bank_differences_closed_by_an_act": Copy("bank_differences", {**NO_LINE, "act_id": "null"}, "line is null"),
    "ck_bank_differences_kind_known": Copy(
        "bank_differences", {"kind": "'odd'", "books_amount": "1", **LINE_3}, FIRST
    ),
    "ck_bank_differences_kind_says_what_differs": Copy("bank_differences", {"kind": "'repeated'", **LINE_3}, FIRST),
    "ck_bank_files_digest_is_sha256": Copy("bank_files", {"digest": "'short'"}),
    "ck_bank_files_has_days_and_lines": Copy("bank_files", {**ANOTHER_FILE, "first_day": "'2026-11-28'"}),
    "ck_bank_lines_amount_not_zero": Copy("bank_lines", {"number": "3", "amount": "0"}),
    "ck_bank_returns_outstanding_not_negative": Copy("bank_returns", {**ANOTHER_ORDER, "outstanding": "-1"}),
    "ck_bank_returns_returned_positive": Copy("bank_returns", {**ANOTHER_ORDER, "returned": "0"}),
    "ck_cards_expiry_month_known": Copy("cards", {"expiry_month": "13"}),
    "ck_cards_last4_is_four_digits": Copy("cards", {"last4": "'12x4'"}),
    "ck_cards_limits_positive": Copy("cards", {"monthly_limit": "0"}),
    "ck_cards_spent_in_a_month": Copy("cards", {"spent_in": "spent_in + 1"}),
    "ck_cards_spent_not_negative": Copy("cards", {"spent": "-1"}),
    "ck_cards_status_known": Copy("cards", {"status": "'lost'"}),
    "ck_cards_version_positive": Copy("cards", {"version": "0"}),
    "ck_idempotency_keys_fingerprint_is_sha256": Copy(
        "idempotency_keys", {"key": "'a new key'", "fingerprint": "''"}
    ),
    "ck_idempotency_keys_key_length": Copy("idempotency_keys", {"key": "'short'"}),
    "ck_imported_users_opening_has_its_transaction": Copy("imported_users", {**IMPORTED, "opening_id": "null"}),
    "ck_imported_users_opening_not_negative": Copy("imported_users", {**IMPORTED, "opening_amount": "-1"}),
    "ck_known_addresses_address_is_sha256": Copy("known_addresses", {"address": "'short'"}),
    "ck_ledger_accounts_available_not_negative": Copy(
        "ledger_accounts", {"posted": "99", "held": "100"}, "kind = 'wallet'"
    ),
    "ck_ledger_accounts_held_not_negative": Copy("ledger_accounts", {"held": "-1"}, "kind = 'wallet'"),
    "ck_ledger_accounts_house_carries_no_balance": Copy(
        "ledger_accounts", {"posted": "1", "currency": "'SEK'"}, "kind = 'bank'"
    ),
    "ck_ledger_accounts_kind_known": Copy("ledger_accounts", {"kind": "'piggy'"}, "kind = 'bank'"),
    "ck_ledger_accounts_version_counts_every_change": Copy(
        "ledger_accounts", {"version": "sequence - 1"}, "kind = 'wallet'"
    ),
    "ck_ledger_entries_amount_not_zero": Copy("ledger_entries", {"amount": "0"}),
    "ck_ledger_entries_balance_not_negative": Copy("ledger_entries", {"balance_after": "-1"}, "kind = 'wallet'"),
    "ck_ledger_entries_wallets_are_chained": Copy("ledger_entries", {"sequence": "null"}, "kind = 'wallet'"),
    "ck_money_requests_amount_in_range": Copy("money_requests", {"amount": "0"}),
    "ck_money_requests_expires_after_it_was_made": Copy("money_requests", {"expires_at": "created_at"}),
    "ck_money_requests_not_of_oneself": Copy("money_requests", {"payer_wallet_id": "requester_wallet_id"}),
    "ck_money_requests_status_known": Copy("money_requests", {"status": "'lost'"}),
    "ck_money_requests_version_positive": Copy("money_requests", {"version": "0"}),
    "ck_one_time_challenges_tries_not_negative": Copy("one_time_challenges", {"tries": "-1"}),
    "ck_operator_actions_says_who_and_why": Copy("operator_actions", {"reason": "''"}),
    "ck_outgoing_mails_finished_has_its_time": Copy("outgoing_mails", {"event": "'new'", "finished_at": "now()"}),
    "ck_outgoing_mails_status_known": Copy(
        "outgoing_mails", {"event": "'new'", "finished_at": "now()", "status": "'lost'"}
    ),
    "ck_outgoing_mails_tries_not_negative": Copy("outgoing_mails", {"event": "'new'", "tries": "-1"}),
    "ck_retired_usernames_fingerprint_is_sha256": Copy("retired_usernames", {"fingerprint": "'short'"}),
    "ck_risk_settings_name_known": Copy("risk_settings", {"name": "'luck'"}),
    "ck_search_blocks_entries_not_negative": Copy("search_blocks", {**EARLIER, "entries": "-1"}),
    "ck_search_blocks_since_before_until": Copy("search_blocks", {"since": "until"}),
    "ck_sign_in_lanes_lane_is_sha256": Copy("sign_in_lanes", {"lane": "'short'"}),
    "ck_sign_in_turns_calendar_known": Copy("sign_in_turns", {"lane": "sha256('x')", "calendar": "'lost'"}),
    "ck_stripe_objects_attempt_not_negative": Copy("stripe_objects", {**ANOTHER_OWNER, "attempt": "-1"}),
    "ck_stripe_objects_ending_of_an_order": Copy("stripe_objects", {"kind": "'transfer'"}),
    "ck_stripe_objects_kind_known": Copy("stripe_objects", {"kind": "'charge'", "ending": "null"}),
    "ck_stripe_objects_settled_has_an_id": Copy("stripe_objects", {**ANOTHER_OWNER, "stripe_id": "null"}),
    "ck_transactions_amount_in_range": Copy("transactions", {"amount": "0"}, SENT),
    "ck_transactions_completed_has_its_time": Copy("transactions", {"completed_at": "null"}, SENT),
    "ck_transactions_created_is_asked_about_again": Copy(
        "transactions", {"ask_again_at": "null"}, "type = 'withdrawal' and status = 'created'"
    ),
    "ck_transactions_failure_has_a_code": Copy("transactions", {"failure_code": "'LUCK'"}, SENT),
    "ck_transactions_fee_in_range": Copy("transactions", {"fee": "-1"}, SENT),
    "ck_transactions_not_to_oneself": Copy("transactions", {"destination_wallet_id": "source_wallet_id"}, SENT),
    "ck_transactions_pending_expires": Copy(
        "transactions", {"expires_at": "null"}, "type = 'send' and status = 'pending_confirmation'"
    ),
    "ck_transactions_refunded_within_the_original": Copy("transactions", {"refunded": "amount + 1"}, SENT),
    "ck_transactions_status_known": Copy("transactions", {"status": "'done'", "completed_at": "null"}, SENT),
    "ck_transactions_type_known": Copy("transactions", {"type": "'gift'"}, "type = 'bonus'"),
    "ck_transactions_type_says_what_it_is_about": Copy("transactions", {"refund_of": "id"}, SENT),
    "ck_transactions_type_says_whose_wallets": Copy("transactions", {"destination_wallet_id": "null"}, SENT),
    "ck_transactions_uncounted_was_given_back": Copy("transactions", {"uncounted": "1", "refunded": "0"}, SENT),
    "ck_transactions_version_positive": Copy("transactions", {"version": "0"}, SENT),
    "ck_users_only_a_phone_is_verified": Copy(
        "users", {**ANOTHER_USER, "phone": "null", "phone_verified_at": "now()"}
    ),
    "ck_users_only_an_email_is_verified": Copy(
        "users", {**ANOTHER_USER, "email": "null", "email_verified_at": "now()"}
    ),
    "ck_users_role_known": Copy("users", {**ANOTHER_USER, "role": "'king'"}, "username = 'bob'"),
    "ck_users_username_canonical": Copy("users", {**ANOTHER_USER, "username": "'Somebody'"}, "username = 'bob'"),
    "ck_users_whoever_left_is_nobody": Copy(
        "users", {**ANOTHER_USER, "closed_at": "now()", "email": "'b@example.com'"}, "username = 'bob'"
    ),
    "ck_wallet_usage_amount_not_negative": Copy("wallet_usage", {"wallet_id": FREE_WALLET, "amount": "-1"}),
    "ck_wallet_usage_hour_is_whole": Copy("wallet_usage", {"hour": "hour + interval '1 minute'"}),
    "ck_wallet_usage_kind_known": Copy("wallet_usage", {"kind": "'gift'"}),
    "ck_wallets_account_is_a_wallets": Copy("wallets", {"account_kind": "'bank'"}),
    "ck_wallets_freeze_has_a_reason": Copy("wallets", {"freeze_reason": "'why'"}, "status = 'active'"),
    "ck_wallets_frozen_for_known": Copy(
        "wallets", {"status": "'frozen'", "frozen_for": "'fun'", "freeze_reason": "'why'"}, "status = 'active'"
    ),
    "ck_wallets_frozen_says_how": Copy("wallets", {"status": "'frozen'"}, "status = 'active'"),
    "ck_wallets_status_known": Copy("wallets", {"status": "'lost'"}, "status = 'active'"),
    "ck_welcome_bonuses_amount_positive": Copy("welcome_bonuses", {"transaction_id": RANDOM, "amount": "0"}),
    "ck_welcomed_emails_fingerprint_is_hmac_sha256": Copy("welcomed_emails", {"fingerprint": "'short'"}),
}

FOREIGN_KEYS: dict[str, Copy] = {
    "fk_audit_laws_run_id_audit_runs": Copy("audit_laws", {"law": "'another'", "run_id": RANDOM}),
    "fk_bank_accounts_user_id_users": Copy("bank_accounts", {**NO_REFERENCE, "user_id": RANDOM}),
    "fk_bank_accounts_wallet_id_wallets": Copy("bank_accounts", {**NO_REFERENCE, "wallet_id": RANDOM}),
    "fk_bank_differences_act_id_operator_actions": Copy(
        "bank_differences", {**NO_LINE, "act_id": RANDOM}, "line is null"
    ),
    "fk_bank_differences_file_id_bank_files": Copy(
        "bank_differences", {**NO_LINE, "file_id": RANDOM}, "line is null"
    ),
    "fk_bank_differences_line": Copy("bank_differences", {"line": "3"}, FIRST),
    "fk_bank_files_act_id_operator_actions": Copy("bank_files", {**ANOTHER_FILE, "act_id": RANDOM}),
    "fk_bank_lines_file_id_bank_files": Copy("bank_lines", {"file_id": RANDOM}),
    "fk_bank_orders_bank_account_id_bank_accounts": Copy("bank_orders", {**ANOTHER_ORDER, "bank_account_id": RANDOM}),
    "fk_bank_orders_transaction_id_transactions": Copy("bank_orders", {"transaction_id": RANDOM}),
    "fk_bank_return_refunds_refund_id_transactions": Copy("bank_return_refunds", {"refund_id": RANDOM}),
    "fk_bank_return_refunds_transaction_id_bank_returns": Copy(
        "bank_return_refunds", {"refund_id": CANCELLED, "transaction_id": CANCELLED}
    ),
    "fk_bank_returns_transaction_id_transactions": Copy("bank_returns", {"transaction_id": RANDOM}),
    "fk_bank_returns_wallet_id_wallets": Copy("bank_returns", {**ANOTHER_ORDER, "wallet_id": RANDOM}),
    "fk_cards_wallet_id_wallets": Copy("cards", {"wallet_id": RANDOM}),
    "fk_idempotency_keys_wallet_id_wallets": Copy("idempotency_keys", {"wallet_id": RANDOM}),
    "fk_imported_users_user_id_users": Copy("imported_users", {**IMPORTED, "user_id": RANDOM}),
    "fk_known_addresses_user_id_users": Copy("known_addresses", {"user_id": RANDOM}),
    "fk_money_requests_payer_wallets": Copy("money_requests", {"payer_wallet_id": RANDOM}),
    "fk_money_requests_requester_wallets": Copy("money_requests", {"requester_wallet_id": RANDOM}),
    "fk_one_time_challenges_user_id_users": Copy("one_time_challenges", {"user_id": RANDOM}),
    "fk_operator_actions_operator_id_users": Copy("operator_actions", {"operator_id": RANDOM}),
    "fk_operator_actions_transaction_id_transactions": Copy("operator_actions", {"transaction_id": RANDOM}),
    "fk_operator_actions_wallet_id_wallets": Copy("operator_actions", {"wallet_id": RANDOM}),
    "fk_outgoing_mails_user_id_users": Copy("outgoing_mails", {"user_id": RANDOM}),
    "fk_refresh_tokens_session_id_sessions": Copy(
        "refresh_tokens", {"hash": "sha256('another')", "session_id": RANDOM}
    ),
    "fk_search_blocks_wallet_id_wallets": Copy("search_blocks", {"wallet_id": RANDOM}),
    "fk_sessions_user_id_users": Copy("sessions", {"user_id": RANDOM}),
    "fk_transactions_card": Copy("transactions", {"card_id": RANDOM}, "type = 'card' and status = 'completed'"),
    "fk_transactions_refund_of": Copy("transactions", {"refund_of": RANDOM}, "type = 'refund'"),
    "fk_transactions_request": Copy("transactions", {"request_id": RANDOM}, "type = 'request'"),
    "fk_users_wallet_id_wallets": Copy("users", {**ANOTHER_USER, "wallet_id": RANDOM}, "username = 'bob'"),
    "fk_wallet_usage_wallet_id_wallets": Copy("wallet_usage", {"wallet_id": RANDOM}),
    "fk_wallets_account": Copy("wallets", {"id": RANDOM}),
    "fk_welcome_bonuses_wallet_id_wallets": Copy("welcome_bonuses", {"wallet_id": RANDOM, "transaction_id": RANDOM}),
    "fk_welcome_mails_user_id_users": Copy("welcome_mails", {"user_id": RANDOM}),
}

SAME = {"id": "id"}

KEYS: dict[str, Copy] = {
    "alembic_version_pkc": Copy("alembic_version"),
    "pk_audit_accounts": Copy("audit_accounts"),
    "pk_audit_laws": Copy("audit_laws"),
    "pk_audit_runs": Copy("audit_runs", SAME),
    "pk_bank_accounts": Copy("bank_accounts", {**SAME, **NO_REFERENCE}),
    "pk_bank_differences": Copy("bank_differences", {**SAME, **NO_LINE}, "line is null"),
    "pk_bank_files": Copy("bank_files", {**SAME, **ANOTHER_FILE}),
    "pk_bank_lines": Copy("bank_lines"),
    "pk_bank_orders": Copy("bank_orders"),
    "pk_bank_return_refunds": Copy("bank_return_refunds"),
    "pk_bank_returns": Copy("bank_returns"),
    "pk_cards": Copy("cards", SAME),
    "pk_idempotency_keys": Copy("idempotency_keys"),
    "pk_imported_users": Copy("imported_users", {"user_id": SOMEBODY_ELSE}),
    "pk_known_addresses": Copy("known_addresses"),
    "pk_ledger_accounts": Copy("ledger_accounts", SAME, "kind = 'wallet'"),
    "pk_ledger_entries": Copy("ledger_entries", SAME),
    "pk_money_requests": Copy("money_requests", SAME),
    "pk_one_time_challenges": Copy("one_time_challenges", SAME),
    "pk_operator_actions": Copy("operator_actions", SAME),
    "pk_outgoing_mails": Copy("outgoing_mails", {**SAME, "event": "'another'"}),
    "pk_refresh_tokens": Copy("refresh_tokens"),
    "pk_retired_usernames": Copy("retired_usernames"),
    "pk_risk_settings": Copy("risk_settings"),
    "pk_search_blocks": Copy("search_blocks"),
    "pk_served_revisions": Copy("served_revisions"),
    "pk_sessions": Copy("sessions", SAME),
    "pk_sign_in_lanes": Copy("sign_in_lanes"),
    "pk_sign_in_turns": Copy("sign_in_turns"),
    "pk_stripe_objects": Copy("stripe_objects"),
    "pk_throttles": Copy("throttles"),
    "pk_transactions": Copy("transactions", SAME, SENT),
    "pk_users": Copy("users", {**SAME, **ANOTHER_USER}, "username = 'bob'"),
    "pk_wallet_usage": Copy("wallet_usage"),
    "pk_wallets": Copy("wallets", SAME),
    "pk_welcome_bonuses": Copy("welcome_bonuses", {"transaction_id": RANDOM}),
    "pk_welcome_mails": Copy("welcome_mails"),
    "pk_welcomed_emails": Copy("welcomed_emails"),
    "uq_bank_accounts_reference": Copy("bank_accounts"),
    "uq_bank_differences_line": Copy("bank_differences", where=FIRST),
    "uq_bank_differences_not_in_file": Copy("bank_differences", where="line is null"),
    "uq_bank_files_digest": Copy("bank_files"),
    "uq_imported_users_user_id": Copy("imported_users", {"supabase_id": RANDOM}),
    "uq_ledger_accounts_kind_currency_house": Copy("ledger_accounts", where="kind = 'bank'"),
    "uq_ledger_entries_account_sequence": Copy(
        "ledger_entries",
        {"transaction_id": CANCELLED},
        "kind = 'wallet'",
    ),
    "uq_ledger_entries_transaction_account": Copy("ledger_entries", {"sequence": "sequence + 1000"}),
    "uq_outgoing_mails_user_event": Copy("outgoing_mails"),
    "uq_transactions_request_live": Copy("transactions", where="type = 'request' and status = 'completed'"),
    "uq_users_username": Copy("users", {"wallet_id": FREE_WALLET}, "username = 'bob'"),
    "uq_users_verified_email": Copy(
        "users", {**ANOTHER_USER, "email": "'Alice@Example.com'", "email_verified_at": "now()"}, "username = 'bob'"
    ),
    "uq_users_verified_phone": Copy(
        "users", {**ANOTHER_USER, "phone": "'+12025550100'", "phone_verified_at": "now()"}, "username = 'bob'"
    ),
    "uq_users_wallet_id": Copy("users", {"username": "'somebody'"}, "username = 'bob'"),
    "uq_welcome_bonuses_transaction_id": Copy(
        "welcome_bonuses", {"wallet_id": "(select wallet_id from users where username = 'bob')"}
    ),
}

TRIGGERS: dict[str, str | Copy] = {
    "bank_accounts_immutable": "update bank_accounts set use = 'withdrawal'",
    "bank_accounts_lifecycle": "update bank_accounts set status = 'active'",
    "bank_accounts_never_removed": "delete from bank_accounts",
    "bank_accounts_never_truncated": "truncate bank_accounts cascade",
    "bank_differences_closed_once": "update bank_differences set closed_at = now() where closed_at is not null",
    "bank_differences_never_removed": "delete from bank_differences",
    "bank_differences_never_truncated": "truncate bank_differences",
    "bank_files_never_rewritten": "update bank_files set name = 'another'",
    "bank_files_never_truncated": "truncate bank_files cascade",
    "bank_lines_never_rewritten": "update bank_lines set amount = 200",
    "bank_lines_never_truncated": "truncate bank_lines cascade",
    "bank_orders_immutable": f"update bank_orders set bank_account_id = {RANDOM}",
    "bank_orders_never_removed": "delete from bank_orders",
    "bank_orders_never_truncated": "truncate bank_orders",
    "bank_return_refunds_never_rewritten": "delete from bank_return_refunds",
    "bank_return_refunds_never_truncated": "truncate bank_return_refunds",
    "bank_returns_never_removed": "delete from bank_returns",
    "bank_returns_never_shrink": "update bank_returns set returned = returned - 1",
    "bank_returns_never_truncated": "truncate bank_returns cascade",
    "cards_immutable": "update cards set last4 = '0000'",
    "cards_lifecycle": "update cards set status = 'active' where status = 'closed'",
    **{f"{table}_never_removed": f"delete from {table}" for table in ("ledger_accounts", "transactions", "wallets")},
    **{
        f"{table}_never_truncated": f"truncate {table} cascade"
        for table in ("ledger_accounts", "transactions", "wallets")
    },
    "ledger_accounts_immutable": "update ledger_accounts set currency = 'SEK' where kind = 'bank'",
    "transactions_guard": Copy("transactions", {"source_wallet_id": RANDOM}, SENT),
    "idempotency_keys_immutable": "update idempotency_keys set operation = 'another'",
    "imported_users_immutable": "update imported_users set opening_amount = 200",
    "ledger_entries_guard": Copy(
        "ledger_entries",
        {"transaction_id": CANCELLED},
        "kind = 'bank'",
    ),
    "ledger_entries_never_rewritten": "delete from ledger_entries",
    "ledger_entries_never_truncated": "truncate ledger_entries",
    "money_requests_immutable": "update money_requests set amount = amount + 1",
    "money_requests_lifecycle": "update money_requests set status = 'pending' where status = 'paid'",
    "operator_actions_never_rewritten": "delete from operator_actions",
    "operator_actions_never_truncated": "truncate operator_actions cascade",
    "stripe_objects_never_removed": "delete from stripe_objects",
    "stripe_objects_never_truncated": "truncate stripe_objects",
    "stripe_objects_set_once": "update stripe_objects set stripe_id = 'po_two'",
    "transactions_immutable": "update transactions set amount = amount + 1",
    "transactions_lifecycle": (
        "update transactions set status = 'cancelled', completed_at = null where status = 'completed'"
    ),
    "users_immutable": f"update users set wallet_id = {FREE_WALLET} where username = 'bob'",
    "users_username_given_once": Copy("users", {**ANOTHER_USER, "username": "'somebody_gone'"}, "username = 'bob'"),
    "wallets_immutable": f"update wallets set account_kind = 'bank' where id = {FREE_WALLET}",
}

BANK = "(select id from ledger_accounts where kind = 'bank' and currency = 'USD')"
FEES = "(select id from ledger_accounts where kind = 'fees' and currency = 'USD')"
WALLET = "(select wallet_id from users where username = 'alice')"
NOBODY = "'00000000-0000-4000-8000-00000000000f'::uuid"


def moved(transaction: str, account: str, kind: str = "bank", sequence: str = "null", balance: str = "null") -> str:
    """An insert of two entries that sum to zero: a cent from that account to the bank."""
    return f"""
    insert into ledger_entries
    select gen_random_uuid(), e.account, {transaction}, e.amount, 'USD', e.kind, e.sequence, e.balance, 'x', now()
    from (values ({account}, -1, '{kind}', {sequence}::bigint, {balance}::bigint), ({BANK}, 1, 'bank', null, null))
        e(account, amount, kind, sequence, balance)
    """


LAWS: dict[str, str | Copy] = {
    "ledger_entries_account": moved(CANCELLED, NOBODY),
    "ledger_entries_chain": moved(CANCELLED, WALLET, "wallet", "999", "0"),
    "ledger_entries_sum_to_zero": Copy("ledger_entries", {"transaction_id": CANCELLED}, "kind = 'bank'"),
    "ledger_entries_transaction": moved(NOBODY, FEES),
    "transactions_destination_wallet": Copy("transactions", {"destination_wallet_id": RANDOM}, SENT),
    "transactions_source_wallet": Copy("transactions", {"source_wallet_id": RANDOM}, SENT),
}
"""The refusals of triggers that have several."""

ATTEMPTS: dict[str, str | Copy] = {**CHECKS, **FOREIGN_KEYS, **KEYS, **TRIGGERS}

NAMED = {
    "ledger_entries_guard": "ledger_entries_sum_to_zero",
    "ledger_entries_never_rewritten": "ledger_entries_append_only",
    "ledger_entries_never_truncated": "ledger_entries_append_only",
    "operator_actions_never_rewritten": "operator_actions_append_only",
    "operator_actions_never_truncated": "operator_actions_append_only",
    "transactions_guard": "transactions_source_wallet",
    "users_username_given_once": "uq_users_username",
}
"""The name that a trigger gives its refusal, where that is not the name of the trigger."""

RESETS = {
    "users_email_is_verified_anew": ("email = 'new@example.com'", "email_verified_at"),
    "users_phone_is_verified_anew": ("phone = '+12025550199'", "phone_verified_at"),
}
"""Triggers that refuse nothing: an update, and the column that it sets to null."""

IGNORES = {
    "wallet_usage_hour_was_deleted": "insert into wallet_usage select wallet_id, kind, hour - interval '30 days', -1 "
    "from wallet_usage limit 1",
}
"""Triggers that refuse nothing: an INSERT of one row that the trigger leaves out."""

TRIGGER_FUNCTIONS = """
select prosrc from pg_proc where pronamespace = 'public'::regnamespace and prorettype = 'trigger'::regtype
"""
REFUSED_BY = re.compile(r"(?:constraint = |then |else )'([a-z_]+)'")

COLUMNS = """
select attname from pg_attribute
where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''
"""


@pytest.fixture(scope="module")
def town(module_dsn: Dsns) -> None:
    asyncio.run(populate(module_dsn))


async def populate(dsns: Dsns) -> None:
    """Writes rows into every table, unless the database is a copy of one that has them."""
    owner = await asyncpg.connect(dsns.owner)
    if not await owner.fetchval("select exists (select from users)"):
        await trade(dsns)
        for statement in ROWS:
            await owner.execute(statement)
    await owner.close()


@pytest.fixture
async def owner(warm: None, town: None, module_dsn: Dsns) -> AsyncIterator["Connection[Record]"]:
    """A connection as the owner, in a transaction that is rolled back."""
    connection = await connected(module_dsn.owner)
    await connection.execute("begin")
    yield connection
    await connection.execute("rollback")
    await connection.close()


async def _statement(owner: "Connection[Record]", attempt: str | Copy) -> str:
    if isinstance(attempt, str):
        return attempt
    names = [row["attname"] for row in await owner.fetch(COLUMNS, attempt.table)]
    assert attempt.changes.keys() <= set(names)
    assert await owner.fetchval(f"select exists (select from {attempt.table} where {attempt.where})")
    fresh = {"id": RANDOM} if "id" in names else {}
    values = [(fresh | attempt.changes).get(name, name) for name in names]
    return (
        f"insert into {attempt.table} ({', '.join(names)}) "
        f"select {', '.join(values)} from {attempt.table} where {attempt.where} limit 1"
    )


@pytest.mark.parametrize("name", ATTEMPTS)
async def test_the_database_refuses_the_statement(owner: "Connection[Record]", name: str) -> None:
    statement = await _statement(owner, ATTEMPTS[name])
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await owner.execute(statement)
    assert refused.value.constraint_name == NAMED.get(name, name)


@pytest.mark.parametrize("law", LAWS)
async def test_the_trigger_refuses_the_statement(owner: "Connection[Record]", law: str) -> None:
    statement = await _statement(owner, LAWS[law])
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await owner.execute(statement)
    assert refused.value.constraint_name == law


@pytest.mark.parametrize("name", RESETS)
async def test_the_database_clears_the_verification(owner: "Connection[Record]", name: str) -> None:
    update, column = RESETS[name]
    assert await owner.fetchval(f"select {column} from users where username = 'alice'") is not None
    await owner.execute(f"update users set {update} where username = 'alice'")
    assert await owner.fetchval(f"select {column} from users where username = 'alice'") is None


@pytest.mark.parametrize("name", IGNORES)
async def test_the_database_ignores_the_row(owner: "Connection[Record]", name: str) -> None:
    assert await owner.execute(IGNORES[name]) == "INSERT 0 0"


async def test_every_guard_of_the_catalog_has_an_attempt_to_break_it(module_dsn: Dsns) -> None:
    named = [guard.name for guard in await catalog.guards(module_dsn.owner)]
    assert sorted(named) == sorted([*ATTEMPTS, *RESETS, *IGNORES])


async def test_every_constraint_name_that_a_trigger_reports_has_an_attempt_to_break_it(
    owner: "Connection[Record]",
) -> None:
    sources = await owner.fetch(TRIGGER_FUNCTIONS)
    named = {name for row in sources for name in REFUSED_BY.findall(row["prosrc"])}
    assert {"ledger_entries_chain", "transactions_source_wallet", "transactions_lifecycle"} <= named
    assert named <= {NAMED.get(name, name) for name in ATTEMPTS} | set(LAWS)
