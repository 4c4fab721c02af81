"""The audit's proofs about transactions. Each is a query that returns one row for each error it finds."""

from pocketpay.database.findings import GIVEN, Proof
from pocketpay.transactions.limits import USAGE_PROVED
from pocketpay.transactions.repository import card_proofs as cards
from pocketpay.transactions.repository import closed_proofs as closed
from pocketpay.transactions.repository import request_proofs as requests
from pocketpay.transactions.repository import search_blocks
from pocketpay.transactions.repository.added import added, incremental
from pocketpay.transactions.repository.usage import COUNTED_AMOUNT, COUNTS, KIND

HOLDS = Proof(
    "the held amount of a wallet is the sum of its unfinished payments",
    """
    select a.id::text, 'held ' || a.held || ', but ' || coalesce(p.total, 0) || ' is in unfinished payments'
    from ledger_accounts a
    left join (
        select source_wallet_id, sum(amount::numeric + fee) as total
        from (
            select source_wallet_id, amount, fee from transactions where status = 'created'
            union all
            select source_wallet_id, amount, fee from transactions where status = 'pending_confirmation') unfinished
        group by source_wallet_id) p on p.source_wallet_id = a.id
    where a.kind = 'wallet' and a.held <> coalesce(p.total, 0)
    """,
)

LEGS = incremental(
    "a completed transaction has exactly the entries of its type, amount and fee, and a refund has the reversed "
    "entries of its original; no other transaction has entries",
    """
    select coalesce(expected.transaction_id, e.transaction_id)::text, case
        when e.id is null then 'the leg of account ' || expected.account_id || ' over ' || expected.amount
            || ' is missing'
        when expected.transaction_id is null then 'entry ' || e.id || ' is not a leg of it'
        else 'entry ' || e.id || ' is over ' || e.amount || ' ' || e.currency || ', not ' || expected.amount || ' '
            || expected.currency end
    from (
        select id as transaction_id, source_wallet_id as account_id, -(amount::numeric + fee) as amount, currency
        from transactions where status = 'completed' and source_wallet_id is not null
        union all
        select id, destination_wallet_id, amount, currency
        from transactions where status = 'completed' and destination_wallet_id is not null
        union all
        select moved.id, house.id, side.amount, moved.currency
        from (
            select t.id, t.currency, coalesce(original.type, t.type) as type,
                case when t.refund_of is null then 1 else -1 end as sign,
                t.amount::numeric - coalesce(original.fee, 0) as amount, coalesce(original.fee, t.fee)::numeric as fee
            from transactions t left join transactions original on original.id = t.refund_of
            where t.status = 'completed' and (t.fee <> 0 or original.fee <> 0
                or coalesce(original.type, t.type) in ('deposit', 'bonus', 'withdrawal', 'card'))) moved
        cross join lateral (values
            (case type when 'deposit' then 'bank' when 'bonus' then 'promotions' end, -sign * moved.amount),
            (case type when 'withdrawal' then 'bank' when 'card' then 'card_network' end, sign * moved.amount),
            (case when fee <> 0 then 'fees' end, sign * fee)) side(kind, amount)
        join ledger_accounts house
            on house.kind <> 'wallet' and house.currency = moved.currency and house.kind = side.kind) expected
    full join ledger_entries e
        on e.transaction_id = expected.transaction_id and e.account_id = expected.account_id
    where e.id is null or expected.transaction_id is null
       or e.amount <> expected.amount or e.currency <> expected.currency
    """,
    "transactions",
    "ledger_entries",
)
"""`house.kind <> 'wallet'` selects the system accounts first. Without it, on tables without statistics, PostgreSQL
compared each transaction with every wallet's account. Most payments have no entry of a system account, and are left
out before the join."""

REFUNDED = incremental(
    "the refunded amount of a transaction is the sum of its completed refunds, and at most what it moved",
    """
    select coalesce(t.id, back.id)::text, 'says that ' || coalesce(t.refunded::text, 'nothing')
        || ' of ' || coalesce((t.amount::numeric + t.fee)::text, 'nothing') || ' was refunded, its refunds are '
        || coalesce(back.amount::text, 'nothing')
    from (select * from transactions where refunded <> 0) t
    full join (
        select refund_of as id, sum(amount) as amount from transactions
        where refund_of is not null and status = 'completed' group by refund_of) back on back.id = t.id
    where t.refunded is distinct from back.amount or t.refunded > t.amount::numeric + t.fee
    """,
    "transactions",
)

OPPOSITE = incremental(
    "a refund moves money between the wallets of a completed transaction in the other direction, in its currency",
    """
    select refund.id::text, case
        when original.id is null then 'its original is gone'
        when original.status <> 'completed' then 'its original is ' || original.status
        when original.type = 'refund' then 'its original is a refund'
        when refund.currency <> original.currency then 'is in ' || refund.currency || ', not ' || original.currency
        else 'its wallets are not the wallets of ' || original.id || ' in the other direction' end
    from transactions refund left join transactions original on original.id = refund.refund_of
    where refund.refund_of is not null
      and (original.id is null or original.status <> 'completed' or original.type = 'refund'
           or refund.currency <> original.currency
           or refund.source_wallet_id is distinct from original.destination_wallet_id
           or refund.destination_wallet_id is distinct from original.source_wallet_id)
    """,
    "transactions",
)

CURRENCIES = incremental(
    "the wallets of a transaction exist and have its currency",
    """
    select t.id::text, case
        when w.id is null then 'its wallet ' || side.wallet_id || ' is gone'
        else 'is in ' || t.currency || ', the wallet ' || w.id || ' in ' || w.currency end
    from transactions t
    cross join lateral (values (t.source_wallet_id), (t.destination_wallet_id)) side(wallet_id)
    left join wallets w on w.id = side.wallet_id
    where side.wallet_id is not null and (w.id is null or w.currency is distinct from t.currency)
    """,
    "transactions",
)

TIMES = incremental(
    "the times of a transaction are in order",
    """
    select id::text, 'created ' || created_at || ', updated ' || updated_at || ', completed '
        || coalesce(completed_at::text, 'never')
    from transactions
    where updated_at < created_at or completed_at < created_at or completed_at > updated_at
    """,
    "transactions",
)

KEYS = incremental(
    "an idempotency key points to the result of its own request and wallet",
    """
    select k.wallet_id || ' ' || k.key, 'its result ' || coalesce(r.id::text, 'is empty, which')
        || ' is not of the wallet'
    from idempotency_keys k
    left join lateral unnest(k.result_ids) r(id) on true
    left join transactions t on t.id = r.id
        and k.operation not in ('requestMoney', 'splitBill', 'issueCard', 'linkBankAccount')
    left join money_requests m on m.id = r.id and k.operation in ('requestMoney', 'splitBill')
    left join cards c on c.id = r.id and k.operation = 'issueCard'
    left join bank_accounts b on b.id = r.id and k.operation = 'linkBankAccount'
    where coalesce(t.source_wallet_id, t.destination_wallet_id, m.requester_wallet_id, c.wallet_id,
        b.wallet_id)
        is distinct from k.wallet_id
    """,
    "idempotency_keys",
)

ONE_BONUS = Proof(
    "a person gets one welcome bonus",
    """
    select destination_wallet_id::text, count(*) || ' welcome bonuses'
    from transactions where type = 'bonus' group by destination_wallet_id having count(*) > 1
    """,
    since=f"""
    {added("transactions")}
    select w.id::text, bonuses.n || ' welcome bonuses'
    from (select distinct destination_wallet_id as id from transactions where type = 'bonus') w
    cross join lateral (
        select count(*) as n from public.transactions t
        where coalesce(t.source_wallet_id, t.destination_wallet_id) = w.id and t.type = 'bonus' offset 0) bonuses
    where bonuses.n > 1
    """,
)

OWNERS = Proof(
    "every wallet has its account and its one owner",
    """
    select coalesce(w.id, a.id)::text, case when a.id is null then 'no account' when w.id is null then 'no wallet'
        else owners.n || ' owners' end
    from wallets w
    full join (select * from ledger_accounts where kind = 'wallet') a on a.id = w.id and a.currency = w.currency
    cross join lateral (select count(*) as n from users u where u.wallet_id = w.id) owners
    where a.id is null or w.id is null or owners.n <> 1
    """,
)

_USAGE_SINCE = f"""(
    select date_trunc('hour', clock_timestamp(), 'UTC') - interval '{USAGE_PROVED.total_seconds():.0f} seconds')"""


def _usage(transactions: str) -> str:
    return f"""
    select wallet_id || ' ' || kind || ' ' || to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24"Z"'),
        'its hour says ' || coalesce(kept.amount::text, 'nothing')
        || ', its transactions ' || coalesce(counted.amount::text, 'nothing')
    from (select * from wallet_usage where hour >= {_USAGE_SINCE}) kept
    full join (
        select coalesce(t.source_wallet_id, t.destination_wallet_id) as wallet_id, {KIND} as kind,
            date_trunc('hour', t.created_at, 'UTC') as hour, sum({COUNTED_AMOUNT}) as amount
        from {transactions} t
        where t.created_at >= {_USAGE_SINCE} and {COUNTS} and {KIND} is not null group by 1, 2, 3) counted
        using (wallet_id, kind, hour)
    where coalesce(kept.amount, 0) <> coalesce(counted.amount, 0)
    """


USAGE = Proof(
    "in each hour of the last days, the used part of a limit is the sum of the payments that count for it, less "
    "refunds",
    _usage("transactions"),
    since=f"with {GIVEN} "
    + _usage(f"""(
            select t.* from wallets w
            cross join lateral (
                select * from transactions t
                where coalesce(t.source_wallet_id, t.destination_wallet_id) = w.id
                  and t.created_at >= {_USAGE_SINCE} offset 0) t)"""),
)
"""Limits count the last day. Hours are kept longer (limits.py); this proof reads those up to USAGE_PROVED."""

PROOFS = (
    *(HOLDS, LEGS, REFUNDED, OPPOSITE, CURRENCIES, TIMES, KEYS, USAGE, ONE_BONUS, OWNERS, search_blocks.BLOCKS),
    *requests.PROOFS,
    *cards.PROOFS,
    *closed.PROOFS,
)
