"""What one unit of work reads and writes, set-based: one statement for the whole batch each.

Every question is a lateral join with a limit: as EXISTS in the select list, the payee's became a hashed subplan that
read every completed transaction there is, each time (126 µs a transfer instead of 16, growing for ever).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import orjson

from pocketpay.clearing.footprint import Footprint, Key
from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.account import Account, Entry
from pocketpay.ledger.repository.postings import posting, posting_arguments
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
select clock.now, own.status as own_status, own.frozen_for as own_frozen_for, own.created_at as own_created_at,
    payee.status as payee_status, payee.frozen_for as payee_frozen_for, payee.created_at as payee_created_at,
    k.operation, k.fingerprint, k.result_ids, known.yes as known_payee, recent.n as recent, pending.n as pending,
    pending.overdue, usage.upper as used,
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

_INSERTED = Arrays(
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
_UPDATED = _INSERTED.only(
    *("id", "status", "refunded", "uncounted", "risk_reasons", "failure_code", "failure_facts", "version"),
    "completed_at",
)
_KEYS = Arrays(wallet_id="uuid", key="text", operation="text", fingerprint="bytea", result_id="uuid")

_numbers = numbered_from(2)
_WRITE = f"""
with {posting(_numbers)},
new_transactions as (
    insert into transactions ({_INSERTED.names}, created_at, updated_at, ask_again_at)
    select u.*, $1, $1,
        case u.status when 'created' then $1::timestamptz + interval '{FIRST_ASKED_AGAIN_SECONDS} seconds' end
    from {_INSERTED.unnest("u", _numbers)}),
changed_transactions as (
    update transactions t
    set status = u.status, refunded = u.refunded, uncounted = u.uncounted, risk_reasons = u.risk_reasons,
        failure_code = u.failure_code, failure_facts = u.failure_facts, version = u.version, updated_at = $1,
        completed_at = u.completed_at
    from {_UPDATED.unnest("u", _numbers)}
    where t.id = u.id),
new_keys as (
    insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, created_at)
    select u.wallet_id, u.key, u.operation, u.fingerprint, array[u.result_id], $1
    from {_KEYS.unnest("u", _numbers)}),
{usage.written(_numbers)}
select pg_notify('{signals.CHANNEL}', payload) from unnest(${next(_numbers)}::text[]) payload
"""

_KEYS_OF_MANY = Arrays(
    wallet_id="uuid", key="text", operation="text", fingerprint="bytea", result_ids="text", refusals="jsonb"
)
_WRITE_KEYS_OF_MANY = f"""
insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, refusals, created_at)
select u.wallet_id, u.key, u.operation, u.fingerprint, u.result_ids::uuid[], u.refusals, $1
from {_KEYS_OF_MANY.unnest("u", numbered_from(2))}
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
    """One row of _LOOK per footprint, in order: the clock, standings, the key, payee and counts, what is used of the
    limit at most, then the transaction's columns, null where there is none."""
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
        *_KEYS.arguments(
            wallet_id=[key.wallet_id for key, _ in keys],
            key=[key.text for key, _ in keys],
            operation=[key.operation for key, _ in keys],
            fingerprint=[key.fingerprint for key, _ in keys],
            result_id=[result_id for _, result_id in keys],
        ),
        *usage.written_arguments(used),
        payloads,
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
        _WRITE_KEYS_OF_MANY,
        now,
        *_KEYS_OF_MANY.arguments(
            wallet_id=[key.wallet_id for key in keys],
            key=[key.text for key in keys],
            operation=[key.operation for key in keys],
            fingerprint=[key.fingerprint for key in keys],
            result_ids=["{" + ",".join(map(str, ids)) + "}" for ids in results],
            refusals=[orjson.dumps(told).decode() if told else None for told in refusals],
        ),
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
    return {(row["wallet_id"], row["payee_id"]): row["n"] for row in rows}


def _inserted(new: Sequence[Transaction]) -> Sequence[Sequence[object]]:
    return _INSERTED.arguments(
        id=[t.id for t in new],
        type=[t.type for t in new],
        status=[t.status for t in new],
        currency=[t.amount.currency for t in new],
        source_wallet_id=[t.source_wallet_id for t in new],
        destination_wallet_id=[t.destination_wallet_id for t in new],
        amount=[t.amount.minor for t in new],
        fee=[t.fee.minor for t in new],
        description=[t.description for t in new],
        bank_name=[t.bank_name for t in new],
        request_id=[t.request_id for t in new],
        card_id=[t.card_id for t in new],
        refund_of=[t.refund_of for t in new],
        refunded=[t.refunded for t in new],
        uncounted=[t.uncounted for t in new],
        risk_reasons=[reasons_text(t.risk_reasons) for t in new],
        failure_code=[t.failure_code for t in new],
        failure_facts=[facts_text(t.failure_facts) for t in new],
        expires_at=[t.expires_at for t in new],
        version=[t.version for t in new],
        completed_at=[t.completed_at for t in new],
    )


def _updated(changed: Sequence[Transaction]) -> Sequence[Sequence[object]]:
    if not changed:  # as in most units
        return _UPDATED.empty_arguments
    return _UPDATED.arguments(
        id=[t.id for t in changed],
        status=[t.status for t in changed],
        refunded=[t.refunded for t in changed],
        uncounted=[t.uncounted for t in changed],
        risk_reasons=[reasons_text(t.risk_reasons) for t in changed],
        failure_code=[t.failure_code for t in changed],
        failure_facts=[facts_text(t.failure_facts) for t in changed],
        version=[t.version for t in changed],
        completed_at=[t.completed_at for t in changed],
    )
