"""The SQL by which one unit of work reads and writes. It is set-based: one statement for all its instructions.

Each subquery is a lateral join with a limit. With EXISTS in the select list, PostgreSQL chose a hashed subplan for
`known_payee` that read every completed transaction each time: 126 µs per transfer instead of 16, and growing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from pocketpay.clearing.footprint import Footprint, Key
from pocketpay.clearing.written import StoredKey
from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.composites import Composite
from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.account import Account, Entry
from pocketpay.ledger.repository.postings import (
    ACCOUNTS_AS_ARRAYS,
    current_accounts,
    posting,
    posting_arguments,
)
from pocketpay.transactions.repository import usage
from pocketpay.transactions.repository.rows import COLUMNS, facts_text, reasons_text, transaction
from pocketpay.transactions.stored_refusal import StoredRefusal
from pocketpay.transactions.transaction import Transaction
from pocketpay.updates import signals

FIRST_POLL_SECONDS = 10
"""When the sweeper first polls the bank about an order, counted from its write. By then the server no longer waits
for the bank's answer to the first call."""

ANCHOR = "coalesce(t.source_wallet_id, t.destination_wallet_id)"
"""The wallet whose lock guards the transaction."""

_LOOK_UP = f"""
with accounts as materialized ({current_accounts("$6::uuid[]")}),
clock as materialized (
    select now, {usage.EDGE} as edge from (
        select greatest(clock_timestamp(), (select max(updated_at) from accounts where not ahead)) as now) asked),
all_accounts as materialized (select {ACCOUNTS_AS_ARRAYS} from accounts)
select clock.now, all_accounts.*,
    own.status as own_status, own.frozen_for as own_frozen_for, own.created_at as own_created_at,
    payee.status as payee_status, payee.frozen_for as payee_frozen_for, payee.created_at as payee_created_at,
    k.operation, k.fingerprint, k.result_ids, known.yes as known_payee, recent.n as recent, pending.n as pending,
    pending.overdue, usage.upper as used,
    {", ".join("t." + name.strip() for name in COLUMNS.split(","))}
from clock
cross join unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $8::text[]) with ordinality
    q(wallet_id, payee_id, key, transaction_id, kind, place)
left join all_accounts on q.place = 1
left join wallets own on own.id = q.wallet_id
left join wallets payee on payee.id = q.payee_id
left join lateral (
    select i.operation, i.fingerprint, i.result_ids from idempotency_keys i
    where i.wallet_id = q.wallet_id and i.key = q.key limit 1) k on true
left join lateral (
    select true as yes from transactions p
    where p.source_wallet_id = q.wallet_id and p.destination_wallet_id = q.payee_id
      and p.status = 'completed' and p.type in ('send', 'request') and p.refunded < p.amount limit 1) known on true
cross join lateral (
    select count(*) as n from (
        select 1 from transactions t
        where q.payee_id is not null and {ANCHOR} = q.wallet_id and t.created_at > clock.now - $5::interval
          and t.type in ('send', 'request') and t.status in ('completed', 'pending_confirmation')
          and (t.status = 'completed' or t.expires_at > clock.now)
        limit $7) counted) recent
cross join lateral (
    select count(*) as n, coalesce(bool_or(t.expires_at <= clock.now), false) as overdue
    from transactions t
    where t.source_wallet_id = q.wallet_id and t.status = 'pending_confirmation') pending{usage.UPPER}
left join lateral (
    select * from transactions t where t.id = coalesce(q.transaction_id, k.result_ids[1]) limit 1) t on true
order by q.place
"""
"""$6 has the ids of the accounts. The first row has the accounts; in the other rows they are null. The clock is never
earlier than the last change of one of them, except of those that are ahead of the clock."""

_TIMES_PAID = """
select q.wallet_id, q.payee_id, counted.n
from unnest($1::uuid[], $2::uuid[]) q(wallet_id, payee_id)
cross join lateral (
    select count(*) as n from (
        select 1 from transactions p
        where p.source_wallet_id = q.wallet_id and p.destination_wallet_id = q.payee_id
          and p.status = 'completed' and p.type in ('send', 'request') and p.refunded < p.amount
        limit $3) paid) counted
"""

_OVERDUE = f"""
select {COLUMNS} from transactions t
where t.source_wallet_id = any($1::uuid[]) and t.status = 'pending_confirmation' and t.expires_at <= $2
"""

NEW_TRANSACTIONS = Composite[Transaction](
    "new_transaction",
    lambda t: (
        t.id,
        t.type,
        t.status,
        t.amount.currency,
        t.source_wallet_id,
        t.destination_wallet_id,
        t.amount.minor,
        t.fee.minor,
        t.description,
        t.bank_name,
        t.request_id,
        t.card_id,
        t.refund_of,
        t.refunded,
        t.uncounted,
        reasons_text(t.risk_reasons),
        t.failure_code,
        facts_text(t.failure_facts),
        t.expires_at,
        t.version,
        t.completed_at,
    ),
    id="uuid",
    type="text",
    status="text",
    currency="text",
    source_wallet_id="uuid",
    destination_wallet_id="uuid",
    amount="bigint",
    fee="bigint",
    description="text",
    bank_name="text",
    request_id="uuid",
    card_id="uuid",
    refund_of="uuid",
    refunded="bigint",
    uncounted="bigint",
    risk_reasons="jsonb",
    failure_code="text",
    failure_facts="jsonb",
    expires_at="timestamptz",
    version="bigint",
    completed_at="timestamptz",
)
CHANGED_TRANSACTIONS = Composite[Transaction](
    "changed_transaction",
    lambda t: (
        t.id,
        t.status,
        t.refunded,
        t.uncounted,
        reasons_text(t.risk_reasons),
        t.failure_code,
        facts_text(t.failure_facts),
        t.version,
        t.completed_at,
    ),
    id="uuid",
    status="text",
    refunded="bigint",
    uncounted="bigint",
    risk_reasons="jsonb",
    failure_code="text",
    failure_facts="jsonb",
    version="bigint",
    completed_at="timestamptz",
)
NEW_KEYS = Composite[tuple[Key, UUID]](
    "new_key",
    lambda new: (new[0].wallet_id, new[0].text, new[0].operation, new[0].fingerprint, new[1]),
    wallet_id="uuid",
    key="text",
    operation="text",
    fingerprint="bytea",
    result_id="uuid",
)

LISTED_KEYS = Arrays(
    wallet_id="uuid", key="text", operation="text", fingerprint="bytea", result_ids="text", refusals="jsonb"
)
"""Keys with several results, no result, or refusals. The result ids of each are passed as the text of an array,
because PostgreSQL's arrays of arrays must be rectangular."""

_numbers = numbered_from(2)
_WRITE = f"""
with {posting(_numbers)},
new_transactions as (
    insert into transactions ({NEW_TRANSACTIONS.names}, created_at, updated_at, ask_again_at)
    select u.*, $1, $1,
        case u.status when 'created' then $1::timestamptz + interval '{FIRST_POLL_SECONDS} seconds' end
    from {NEW_TRANSACTIONS.unnest("u", _numbers)}),
changed_transactions as (
    update transactions t
    set status = u.status, refunded = u.refunded, uncounted = u.uncounted, risk_reasons = u.risk_reasons,
        failure_code = u.failure_code, failure_facts = u.failure_facts, version = u.version, updated_at = $1,
        completed_at = u.completed_at
    from {CHANGED_TRANSACTIONS.unnest("u", _numbers)}
    where t.id = u.id),
new_keys as (
    insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, created_at)
    select u.wallet_id, u.key, u.operation, u.fingerprint, array[u.result_id], $1
    from {NEW_KEYS.unnest("u", _numbers)}),
listed_keys as (
    insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, refusals, created_at)
    select u.wallet_id, u.key, u.operation, u.fingerprint, u.result_ids::uuid[], u.refusals, $1
    from {LISTED_KEYS.unnest("u", _numbers)}),
{usage.written(_numbers)}
select pg_notify('{signals.CHANNEL}', payload) from unnest(${next(_numbers)}::text[]) payload
"""

_REFUSALS = "select refusals from idempotency_keys where wallet_id = $1 and key = $2"


async def look_up(
    session: Session,
    footprints: Sequence[Footprint],
    *,
    accounts: Collection[UUID],
    recent_window: object,
    max_recent: int,
) -> list[Record]:
    """Returns one row of _LOOK_UP per footprint, in order.

    A row has the clock, the standings, the key, the payee, the counts, the upper bound of the limit's use, and the
    columns of the transaction (null if there is none). The first row also has the accounts with the ids `accounts`.
    Recent payments are counted within `recent_window`, up to `max_recent`.
    """
    return await session.fetch(
        _LOOK_UP,
        [f.wallet_id for f in footprints],
        [f.payee_id for f in footprints],
        [None if f.key is None else f.key.text for f in footprints],
        [f.transaction_id for f in footprints],
        recent_window,
        list(accounts),
        max_recent,
        [f.limit for f in footprints],
    )


async def overdue(session: Session, wallet_ids: Iterable[UUID], now: datetime) -> list[Transaction]:
    """Returns the held payments of the wallets that are overdue at `now`."""
    return [transaction(row) for row in await session.fetch(_OVERDUE, list(wallet_ids), now)]


async def write(
    session: Session,
    now: datetime,
    *,
    entries: Sequence[Entry],
    accounts: Sequence[Account],
    inserted: Sequence[Transaction],
    updated: Sequence[Transaction],
    keys: Sequence[tuple[Key, UUID]],
    listed_keys: Sequence[tuple[Key, StoredKey]],
    used: Mapping[usage.HourUsed, int],
    payloads: Sequence[str],
) -> None:
    """Writes all changes of a unit of work except side effects, and sends the notification, in one statement.

    `listed_keys` are keys with several results, no result, or refusals.
    """
    await session.execute(
        _WRITE,
        now,
        *posting_arguments(entries, accounts),
        NEW_TRANSACTIONS.rows(inserted),
        CHANGED_TRANSACTIONS.rows(updated),
        NEW_KEYS.rows(keys),
        *_listed(listed_keys),
        usage.written_argument(used),
        payloads,
    )


def _listed(keys: Sequence[tuple[Key, StoredKey]]) -> tuple[Sequence[object], ...]:
    return LISTED_KEYS.arguments(
        wallet_id=[key.wallet_id for key, _ in keys],
        key=[key.text for key, _ in keys],
        operation=[key.operation for key, _ in keys],
        fingerprint=[key.fingerprint for key, _ in keys],
        result_ids=["{" + ",".join(map(str, stored.results)) + "}" for _, stored in keys],
        refusals=[orjson.dumps(stored.refusals).decode() if stored.refusals else None for _, stored in keys],
    )


async def refusals(session: Session, key: Key) -> Sequence[StoredRefusal | None]:
    """Returns the refusals stored with a batch's key, one per item; () if no item was refused."""
    text = await session.fetchval(_REFUSALS, key.wallet_id, key.text)
    return () if text is None else orjson.loads(text)


async def times_paid(
    session: Session, pairs: Collection[tuple[UUID, UUID]], *, limit: int
) -> dict[tuple[UUID, UUID], int]:
    """Returns the number of completed, not fully refunded payments by pair (payer, payee), counted up to `limit`."""
    rows = await session.fetch(_TIMES_PAID, [payer for payer, _ in pairs], [payee for _, payee in pairs], limit)
    return {(row["wallet_id"], row["payee_id"]): row["n"] for row in rows}
