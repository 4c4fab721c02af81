"""SQL that reads the entries that were added since the checkpoint of an incremental audit.

A wallet's entries are numbered, so the added entries are exactly those after the number in `audit_accounts`. No clock
is needed.

    ACCOUNTS         the query of the accounts with added entries: one index look-up for each account
    ADDED_ENTRIES    the CTE `added_entries`: the added entries of these accounts
        LEGS             the CTE `ledger_entries`, in place of the table: all entries of transactions with added rows
    CHAINS           the CTE `chains`: the added entries, the entry before them (`proved`), and house entries of the
                     same transactions

The last three are parts of a WITH clause after `findings.GIVEN`; CHAINS needs ADDED_ENTRIES before it. Without
`offset 0` the planner would read the whole table.
"""

ACCOUNTS = """
select a.id from ledger_accounts a
left join audit_accounts c on c.account_id = a.id
cross join lateral (
    select from ledger_entries e where e.account_id = a.id and e.sequence > coalesce(c.sequence, 0) limit 1) e
where a.kind = 'wallet'
"""

ADDED_ENTRIES = """
added_entries as materialized (
    select e.* from given cross join unnest(given.accounts) a(id)
    left join audit_accounts c on c.account_id = a.id
    cross join lateral (
        select * from public.ledger_entries e
        where e.account_id = a.id and e.sequence > coalesce(c.sequence, 0) offset 0) e)"""

LEGS = """
ledger_entries as materialized (
    select e.* from given cross join unnest(given.transactions) t(id)
    cross join lateral (select * from public.ledger_entries e where e.transaction_id = t.id offset 0) e)"""

CHAINS = """
chains as materialized (
    select *, false as proved from added_entries
    union all
    select e.*, true from given cross join unnest(given.accounts) a(id)
    join audit_accounts c on c.account_id = a.id
    cross join lateral (
        select * from public.ledger_entries e where e.account_id = a.id and e.sequence = c.sequence offset 0) e
    union all
    select e.*, false from given cross join unnest(given.transactions) t(id)
    cross join lateral (
        select * from public.ledger_entries e
        where e.transaction_id = t.id and (e.sequence is null or e.kind <> 'wallet') offset 0) e)"""
