"""Laws 1 to 4, each as a question whose every answer is something wrong."""

from pocketpay.database.findings import Proof

CONSERVATION = Proof(
    "law 1: the entries of a transaction sum to zero",
    """
    select transaction_id::text, 'its entries sum to ' || sum(amount) || ' ' || currency
    from ledger_entries group by transaction_id, currency having sum(amount) <> 0
    """,
)

NOTHING_OVERSPENT = Proof(
    "law 2: no wallet spends or promises what it has not",
    """
    select id::text, 'posted ' || posted || ', held ' || held
    from ledger_accounts where held < 0 or (kind = 'wallet' and posted - held < 0)
    """,
)

GUARDED = Proof(
    "law 3: the guards of the books are in force",
    """
    select guard, case when t.tgenabled is null then 'the trigger is gone' else 'the trigger is not ENABLE ALWAYS' end
    from (values ('ledger_entries', 'ledger_entries_guard'), ('ledger_entries', 'ledger_entries_never_rewritten'),
                 ('ledger_entries', 'ledger_entries_never_truncated'), ('transactions', 'transactions_lifecycle'))
        wanted(tbl, guard)
    left join pg_trigger t on t.tgname = wanted.guard and t.tgrelid = wanted.tbl::regclass
    where t.tgenabled is distinct from 'A'
    union all
    select conname, 'the constraint is not validated or not enforced'
    from pg_constraint
    where conrelid in ('ledger_entries'::regclass, 'ledger_accounts'::regclass, 'transactions'::regclass)
      and not (convalidated and conenforced)
    union all
    select wanted.name, 'the constraint is gone'
    from (values ('ck_ledger_accounts_available_not_negative'), ('ck_ledger_accounts_held_not_negative'),
                 ('uq_ledger_entries_account_sequence'), ('uq_ledger_entries_transaction_account'),
                 ('fk_ledger_entries_account'), ('fk_ledger_entries_transaction')) wanted(name)
    where not exists (select 1 from pg_constraint c where c.conname = wanted.name)
    union all
    select 'pocketpay_server', 'may ' || wish || ' ledger entries'
    from unnest(array['UPDATE', 'DELETE', 'TRUNCATE']) wish
    where has_table_privilege('pocketpay_server', 'ledger_entries', wish)
    """,
)

CHAIN = Proof(
    "law 4: a wallet's entries follow one another without a gap",
    """
    select e.id::text, 'entry ' || e.sequence || ' of account ' || e.account_id || ': ' || case
        when a.id is null then 'no such account'
        when a.currency <> e.currency or a.kind <> e.kind then 'its account is ' || a.kind || ' in ' || a.currency
        when e.kind <> 'wallet' then 'a house account carries no chain'
        when e.sequence is distinct from coalesce(e.last_sequence, 0) + 1 then 'the one before is '
            || coalesce(e.last_sequence::text, 'missing')
        when e.balance_after is distinct from coalesce(e.last_balance, 0) + e.amount then 'its balance is '
            || coalesce(e.balance_after::text, 'missing') || ', not ' || coalesce(e.last_balance, 0) + e.amount
        else 'it is older than the one before' end
    from (
        select *, lag(sequence) over chain as last_sequence, lag(balance_after) over chain as last_balance,
            lag(created_at) over chain as last_created
        from ledger_entries window chain as (partition by account_id order by sequence)) e
    left join ledger_accounts a on a.id = e.account_id
    where a.id is null or a.currency <> e.currency or a.kind <> e.kind
       or (e.kind <> 'wallet' and (e.sequence is not null or e.balance_after is not null))
       or (e.kind = 'wallet' and (
              e.sequence is distinct from coalesce(e.last_sequence, 0) + 1
           or e.balance_after is distinct from coalesce(e.last_balance, 0) + e.amount
           or e.created_at < e.last_created))
    """,
)

PROJECTION = Proof(
    "law 4: a wallet's balance is what its entries sum to",
    """
    select a.id::text, 'posted ' || a.posted || ' at ' || a.sequence || ', but its entries sum to '
        || coalesce(e.total, 0) || ' at ' || coalesce(e.newest, 0)
    from ledger_accounts a
    left join (
        select account_id, sum(amount) as total, max(sequence) as newest
        from ledger_entries group by account_id) e on e.account_id = a.id
    where a.kind = 'wallet' and (a.posted <> coalesce(e.total, 0) or a.sequence <> coalesce(e.newest, 0))
    """,
)

PROOFS = (CONSERVATION, NOTHING_OVERSPENT, GUARDED, CHAIN, PROJECTION)
