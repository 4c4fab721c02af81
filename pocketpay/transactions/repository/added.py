"""SQL that reads the transactions and money requests that were made or changed since the checkpoint of an incremental
audit.

        find(...)          the ids of added rows: the parameters of every incremental query
    incremental(...)   a proof whose incremental query is the same query. In it each named table has only the added
                       rows and the rows that belong to them

The rows of each table:

    transactions      made or changed since the checkpoint, or with an entry after it; the original of such a refund;
                      all refunds of such an original; all payments of an added money request
    ledger_entries    the entries of these transactions
    money_requests    made or changed since the checkpoint, or paid by such a transaction
    idempotency_keys  made since the checkpoint. The table has no index on time, so the query reads all keys. It
                      looks up only the results of the added ones

Entries are found by their numbers (ledger/repository/added.py), the rest by their times in the indexes of each
wallet. The search begins MARGIN before the checkpoint: the time of a row is written before its unit of work is
committed, and a clock may have been set back.
"""

from datetime import datetime, timedelta

from pocketpay.database.findings import GIVEN, Added, Proof
from pocketpay.database.sessions import Session
from pocketpay.ledger.audit import ACCOUNTS, LEGS

MARGIN = timedelta(hours=2)
"""More than an hour: a change within an hour of the transaction has no index of its own
(ix_transactions_changed_late), and is found by the time at which the transaction was made."""

MAX_ADDED = 1_000_000
"""Maximum number of accounts, transactions or money requests of an incremental audit. With more, a whole audit is as
fast."""

_REQUESTS = """
select r.id from wallets w
cross join lateral (
    select id from money_requests r where r.requester_wallet_id = w.id and r.updated_at >= $1 offset 0) r
limit $2
"""
_TRANSACTIONS = """
with touched as materialized (
    select t.id from wallets w
    cross join lateral (
        select id from transactions t
        where coalesce(t.source_wallet_id, t.destination_wallet_id) = w.id and t.created_at >= $1
        union all
        select id from transactions t
        where coalesce(t.source_wallet_id, t.destination_wallet_id) = w.id and t.updated_at >= $1
          and t.updated_at - t.created_at > interval '1 hour'
        offset 0) t
    union
    select e.transaction_id from unnest($3::uuid[]) a(id)
    left join audit_accounts c on c.account_id = a.id
    cross join lateral (
        select transaction_id from ledger_entries e
        where e.account_id = a.id and e.sequence > coalesce(c.sequence, 0) offset 0) e
    union
    select t.id from unnest($4::uuid[]) r(id)
    cross join lateral (select id from transactions t where t.request_id = r.id offset 0) t),
family as materialized (
    select id from touched
    union
    select t.refund_of from touched
    cross join lateral (select refund_of from transactions t where t.id = touched.id offset 0) t
    where t.refund_of is not null)
select id from family
union
select t.id from family
cross join lateral (
    select id from transactions t
    where t.refund_of = family.id and t.refund_of is not null and t.status = 'completed' offset 0) t
limit $2
"""
_PAID_REQUESTS = """
select distinct t.request_id from unnest($1::uuid[]) added(id)
cross join lateral (select request_id from transactions t where t.id = added.id offset 0) t
where t.request_id is not null
"""

_ROWS = {
    "transactions": """
transactions as materialized (
    select t.* from given cross join unnest(given.transactions) added(id)
    cross join lateral (select * from public.transactions t where t.id = added.id offset 0) t)""",
    "ledger_entries": LEGS,
    "money_requests": """
money_requests as materialized (
    select r.* from given cross join unnest(given.requests) added(id)
    cross join lateral (select * from public.money_requests r where r.id = added.id offset 0) r)""",
    "idempotency_keys": """
idempotency_keys as materialized (
    select k.* from public.idempotency_keys k where k.created_at >= (select since from given))""",
}


def added(*tables: str) -> str:
    """Returns the beginning of a WITH clause in which these tables have only the rows above."""
    return f"with {GIVEN}, {', '.join(_ROWS[table] for table in tables)}"


def incremental(law: str, sql: str, *tables: str) -> Proof:
    """Returns the proof of the law. Its incremental query is the same query over the added rows of these tables."""
    return Proof(law, sql, since=f"{added(*tables)} {sql}")


async def find(session: Session, checkpoint: datetime) -> Added | None:
    """Returns the rows added since the checkpoint at that time, or None when they are more than MAX_ADDED."""
    since, limit = checkpoint - MARGIN, MAX_ADDED + 1
    accounts = [row["id"] for row in await session.fetch(f"{ACCOUNTS} limit $1", limit)]
    requests = {row["id"] for row in await session.fetch(_REQUESTS, since, limit)}
    transactions = [row["id"] for row in await session.fetch(_TRANSACTIONS, since, limit, accounts, list(requests))]
    if max(len(accounts), len(requests), len(transactions)) > MAX_ADDED:
        return None
    requests |= {row["request_id"] for row in await session.fetch(_PAID_REQUESTS, transactions)}
    return Added(accounts, transactions, list(requests), since)
