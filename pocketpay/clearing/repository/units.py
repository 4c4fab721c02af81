"""What one unit of work reads and writes, set-based: one statement for the whole batch each.

Every question is a lateral join with a limit: as EXISTS in the select list, the payee's became a hashed subplan that
read every completed transaction there is, each time (126 µs a transfer instead of 16, growing for ever).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import orjson

from pocketpay.clearing.footprint import Footprint, Key
from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.account import Account, Entry
from pocketpay.ledger.repository.postings import POSTING, posting_arguments
from pocketpay.transactions.repository import usage
from pocketpay.transactions.repository.rows import COLUMNS, facts_text, reasons_text, transaction
from pocketpay.transactions.stored_refusal import StoredRefusal
from pocketpay.transactions.transaction import Transaction
from pocketpay.updates import signals

FIRST_ASKED_AGAIN_SECONDS = 10
"""After an order to the bank was written: by then nobody waits for the answer to the first asking any more."""

ANCHOR = "coalesce(t.source_wallet_id, t.destination_wallet_id)"
"""Whose transaction it is."""

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any account was touched."""

_LOOK = f"""
with clock as materialized (
    select now, {usage.EDGE} as edge from (select greatest(clock_timestamp(), $6::timestamptz) as now) asked)
select clock.now, own.status, own.frozen_for, own.created_at, payee.status, payee.frozen_for, payee.created_at,
    k.operation, k.fingerprint, k.result_ids, known.yes, recent.n, pending.n, pending.overdue, usage.upper,
    {", ".join("t." + name.strip() for name in COLUMNS.split(","))}
from clock
cross join unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $8::text[]) with ordinality
    q(wallet_id, payee_id, key, transaction_id, kind, place)
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

_WRITE = f"""
with {POSTING},
new_transactions as (
    insert into transactions ({COLUMNS}, ask_again_at)
    select u.id, u.type, u.status, u.currency, u.source, u.destination, u.amount, u.fee, u.description, u.bank_name,
        u.request_id, u.card_id, u.refund_of, u.refunded, u.uncounted,
        u.reasons, u.failure, u.facts, u.expires_at, u.version, $1, $1, u.completed_at,
        case u.status when 'created' then $1::timestamptz + interval '{FIRST_ASKED_AGAIN_SECONDS} seconds' end
    from unnest($16::uuid[], $17::text[], $18::text[], $19::text[], $20::uuid[], $21::uuid[], $22::bigint[],
        $23::bigint[], $24::text[], $25::text[], $26::uuid[], $27::uuid[], $28::uuid[], $29::bigint[],
        $30::bigint[], $31::jsonb[], $32::text[], $33::jsonb[], $34::timestamptz[], $35::bigint[], $36::timestamptz[])
        u(id, type, status, currency, source, destination, amount, fee, description, bank_name, request_id, card_id,
          refund_of, refunded, uncounted, reasons, failure, facts, expires_at, version, completed_at)),
changed_transactions as (
    update transactions t
    set status = u.status, refunded = u.refunded, uncounted = u.uncounted, risk_reasons = u.reasons,
        failure_code = u.failure, failure_facts = u.facts, version = u.version, updated_at = $1,
        completed_at = u.completed_at
    from unnest($37::uuid[], $38::text[], $39::bigint[], $40::bigint[], $41::jsonb[], $42::text[], $43::jsonb[],
        $44::bigint[], $45::timestamptz[])
        u(id, status, refunded, uncounted, reasons, failure, facts, version, completed_at)
    where t.id = u.id),
new_keys as (
    insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, created_at)
    select u.wallet_id, u.key, u.operation, u.fingerprint, array[u.result_id], $1
    from unnest($46::uuid[], $47::text[], $48::text[], $49::bytea[], $50::uuid[])
        u(wallet_id, key, operation, fingerprint, result_id)),
{usage.WRITTEN}
select pg_notify('{signals.CHANNEL}', payload) from unnest($51::text[]) payload
"""

_KEYS_OF_MANY = """
insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, refusals, created_at)
select u.wallet_id, u.key, u.operation, u.fingerprint, u.result_ids::uuid[], u.refusals, $1
from unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::jsonb[])
    u(wallet_id, key, operation, fingerprint, result_ids, refusals)
"""
"""Arrays of arrays must be rectangles, so each key's results come as the text of an array."""

_REFUSALS = "select refusals from idempotency_keys where wallet_id = $1 and key = $2"


async def look(
    session: Session,
    footprints: Sequence[Footprint],
    *,
    not_before: datetime,
    recent_window: object,
    most_recent: int,
) -> list[Record]:
    """One row per footprint, in order: the clock, standings, the key, payee and counts, what is used of the limit at
    most, then the transaction."""
    return await session.fetch(
        _LOOK,
        [f.wallet_id for f in footprints],
        [f.payee_id for f in footprints],
        [None if f.key is None else f.key.text for f in footprints],
        [f.transaction_id for f in footprints],
        recent_window,
        not_before,
        most_recent,
        [f.limit for f in footprints],
    )


async def overdue(session: Session, wallet_ids: Iterable[UUID], now: datetime) -> list[Transaction]:
    """The payments of those wallets whose time is over."""
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
    used: Mapping[usage.HourUsed, int],
    payloads: Sequence[str],
) -> None:
    """Everything a unit of work changes, and the notification of it, in one statement."""
    await session.execute(
        _WRITE,
        now,
        *posting_arguments(entries, accounts),
        *_inserted(inserted),
        *_updated(updated),
        [key.wallet_id for key, _ in keys],
        [key.text for key, _ in keys],
        [key.operation for key, _ in keys],
        [key.fingerprint for key, _ in keys],
        [result_id for _, result_id in keys],
        payloads,
        *usage.written_arguments(used),
    )


async def write_keys_of_many(
    session: Session,
    now: datetime,
    keys: Sequence[Key],
    *,
    results: Sequence[Sequence[UUID]],
    refusals: Sequence[Sequence[StoredRefusal | None]],
) -> None:
    """Writes keys that stand for several results each, or for none, and the refusals of each one's items."""
    await session.execute(
        _KEYS_OF_MANY,
        now,
        [key.wallet_id for key in keys],
        [key.text for key in keys],
        [key.operation for key in keys],
        [key.fingerprint for key in keys],
        ["{" + ",".join(map(str, ids)) + "}" for ids in results],
        [orjson.dumps(told).decode() if told else None for told in refusals],
    )


async def refusals(session: Session, key: Key) -> Sequence[StoredRefusal | None]:
    """What was refused of the order of many that this key was written for; () where nothing was."""
    text = await session.fetchval(_REFUSALS, key.wallet_id, key.text)
    return () if text is None else orjson.loads(text)


async def times_paid(
    session: Session, pairs: Collection[tuple[UUID, UUID]], *, most: int
) -> dict[tuple[UUID, UUID], int]:
    """How many payments of the one wallet to the other that were not given back whole there are, at most `most`."""
    rows = await session.fetch(_TIMES_PAID, [payer for payer, _ in pairs], [payee for _, payee in pairs], most)
    return {(row[0], row[1]): row[2] for row in rows}


def _inserted(new: Sequence[Transaction]) -> list[list[object]]:
    return [
        [t.id for t in new],
        [t.type for t in new],
        [t.status for t in new],
        [t.amount.currency for t in new],
        [t.source_wallet_id for t in new],
        [t.destination_wallet_id for t in new],
        [t.amount.minor for t in new],
        [t.fee.minor for t in new],
        [t.description for t in new],
        [t.bank_name for t in new],
        [t.request_id for t in new],
        [t.card_id for t in new],
        [t.refund_of for t in new],
        [t.refunded for t in new],
        [t.uncounted for t in new],
        [reasons_text(t.risk_reasons) for t in new],
        [t.failure_code for t in new],
        [facts_text(t.failure_facts) for t in new],
        [t.expires_at for t in new],
        [t.version for t in new],
        [t.completed_at for t in new],
    ]


def _updated(changed: Sequence[Transaction]) -> list[list[object]]:
    return [
        [t.id for t in changed],
        [t.status for t in changed],
        [t.refunded for t in changed],
        [t.uncounted for t in changed],
        [reasons_text(t.risk_reasons) for t in changed],
        [t.failure_code for t in changed],
        [facts_text(t.failure_facts) for t in changed],
        [t.version for t in changed],
        [t.completed_at for t in changed],
    ]
