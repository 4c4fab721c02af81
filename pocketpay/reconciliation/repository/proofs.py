"""The audit's proofs about the files of banks. Each is a query that returns one row for each error it finds."""

from pocketpay.database.findings import Proof, guarded, in_force
from pocketpay.reconciliation import guards

FILES = Proof(
    "each bank file has its lines, and they sum to its total",
    """
    select f.id::text, concat('has ', coalesce(l.lines, 0), ' lines that sum to ', coalesce(l.total, 0),
        '; it was imported with ', f.lines, ' that sum to ', f.total)
    from bank_files f
    left join (
        select file_id, count(*) as lines, sum(amount) as total from bank_lines group by file_id) l
        on l.file_id = f.id
    where (l.lines, l.total) is distinct from (f.lines, f.total)
    """,
)

MATCHED = Proof(
    "each line of a bank file is in the books with its amount, or has a difference",
    """
    select concat(l.file_id, ' ', l.number), 'has no difference, and '
        || coalesce('the bank account got ' || -e.amount, 'no entry of the bank account')
    from bank_lines l
    join bank_files f on f.id = l.file_id
    left join ledger_accounts a on a.kind = 'bank' and a.currency = f.currency
    left join ledger_entries e on e.transaction_id = l.transaction_id and e.account_id = a.id
    where not exists (select from bank_differences d where d.file_id = l.file_id and d.line = l.number)
      and -e.amount is distinct from l.amount
    """,
)

CLOSED = Proof(
    "each difference with the bank is closed exactly when the operator log shows it, and each import has its action",
    """
    with acts as (
        select id, action, created_at, facts ->> 'difference' as difference
        from operator_actions where action in ('reconcile', 'close_difference'))
    select d.id::text, 'was closed by ' || coalesce('the action ' || a.id || ', which did not', 'nobody')
    from bank_differences d left join acts a on a.id = d.act_id
    where d.closed_at is not null
      and (a.id is null or a.created_at <> d.closed_at or (a.action = 'close_difference' and
        a.difference is distinct from d.id::text))
    union all
    select f.id::text, 'was imported by ' || coalesce('the action ' || a.id || ', which did not', 'nobody')
    from bank_files f left join acts a on a.id = f.act_id
    where a.id is null or a.action <> 'reconcile' or a.created_at <> f.imported_at
    union all
    select a.id::text, 'closed a difference that is not closed by it'
    from acts a left join bank_differences d on d.act_id = a.id
    where a.action = 'close_difference' and d.id is null
    union all
    select a.id::text, 'imported a file that does not exist'
    from acts a left join bank_files f on f.act_id = a.id
    where a.action = 'reconcile' and f.id is null
    """,
)

BANK_GUARDED = guarded("the triggers of bank files and their differences are in force", *guards.TRIGGERS)

BANK_CONSTRAINED = in_force(
    "the constraints of bank files and their differences are in force",
    constraints=guards.CONSTRAINTS,
    unique_indexes=guards.UNIQUE_INDEXES,
)

PROOFS = (FILES, MATCHED, CLOSED, BANK_GUARDED, BANK_CONSTRAINED)
