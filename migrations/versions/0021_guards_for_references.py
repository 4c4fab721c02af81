"""Guards instead of four foreign keys that every payment checked.

    ledger_entries → ledger_accounts            id, currency, kind
    ledger_entries → transactions               id, currency
    transactions → wallets                      source and destination

The guards are as strict as the keys, and as hard to get past:

    the referenced tables    refuse DELETE, TRUNCATE and a change of the referenced columns
    the referring columns    are never changed: revisions 0001 and 0012
    an INSERT                is checked by one trigger for the statement, which reads each referenced row by its key

A check at INSERT is enough only because the rest is refused for ever: a foreign key also locks the referenced row
against a concurrent DELETE. Guards never see the rows of a restored dump; the audit looks for references to rows that
do not exist. Decision 46 gives the reasons.

All of this changes the catalog only, no row is read. A server of the previous revision continues to work: its
statements are the same. Only its audit names the foreign keys as missing.
"""

from alembic import op

revision = "0021"
down_revision = "0025"
branch_labels = None
depends_on = None

# Each attempt waits at most 80 ms for a table, less than a unit of work waits for a lock, then lets the others go on.
# So payments wait only briefly behind a long query, and there is no deadlock with a query that has locked the tables
# in another order: PostgreSQL looks for deadlocks after one second. The order is that of a unit of work.
LOCK = """
do $$
declare
    deadline constant timestamptz := clock_timestamp() + interval '3 seconds';
begin
    loop
        begin
            set local lock_timeout = '80ms';
            lock table ledger_accounts, wallets, transactions, ledger_entries in access exclusive mode;
            return;
        exception when lock_not_available then
            if clock_timestamp() > deadline then
                raise;
            end if;
            perform pg_sleep(0.05);
        end;
    end loop;
end $$
"""

REFERENCED = {
    "ledger_accounts": ("id", "currency", "kind"),
    "wallets": ("id", "account_kind", "currency"),
    "transactions": ("id", "currency"),
}
"""The referenced tables. Revision 0012 made the columns of the last two immutable."""

REFUSE = """
create function rows_are_never_removed() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are never removed: % refused', tg_table_name, tg_op
        using errcode = '23503', constraint = tg_name, table = tg_table_name;
end $$
"""

# Every transfer updates two accounts, so the trigger looks at the columns that the statement sets, and only then at
# the rows.
ACCOUNTS_IMMUTABLE = """
create trigger ledger_accounts_immutable after update of id, currency, kind on ledger_accounts for each row
    when (old.id is distinct from new.id or old.currency is distinct from new.currency
          or old.kind is distinct from new.kind)
    execute function immutable_columns_refuse_update()
"""

# `only`: a table that inherits from the referenced one does not count, as with a foreign key. `is distinct from`: a
# null is refused, whatever the columns allow, and a missing account has null columns.
ENTRIES_GUARD = """
create or replace function ledger_entries_guard() returns trigger language plpgsql as $$
declare
    broken uuid;
    total numeric;
    misplaced boolean;
begin
    select f.transaction_id, f.total into broken, total
    from (
        select transaction_id, currency, sum(amount) as total from fresh group by transaction_id, currency
    ) f
    left join only public.transactions t on t.id = f.transaction_id
    where f.total <> 0 or t.id is null or t.currency is distinct from f.currency
    limit 1;
    if found and total <> 0 then
        raise exception 'the entries of transaction % do not sum to zero', broken
            using errcode = '23514', constraint = 'ledger_entries_sum_to_zero', table = 'ledger_entries';
    elsif found then
        raise exception 'entries name transaction %, which does not exist or has another currency', broken
            using errcode = '23503', constraint = 'ledger_entries_transaction', table = 'ledger_entries';
    end if;

    select f.account_id, a.currency is distinct from f.currency or a.kind is distinct from f.kind
    into broken, misplaced
    from (
        select account_id, currency, kind, amount, sequence, balance_after,
               lag(sequence) over chain as last_sequence,
               lag(balance_after) over chain as last_balance,
               lead(account_id) over chain is null as newest
        from fresh window chain as (partition by account_id order by sequence)
    ) f
    left join lateral (
        select e.balance_after from public.ledger_entries e
        where f.last_sequence is null and e.account_id = f.account_id and e.sequence = f.sequence - 1
    ) before on true
    left join only public.ledger_accounts a on a.id = f.account_id
    where a.currency is distinct from f.currency or a.kind is distinct from f.kind
       or (f.kind = 'wallet' and (
              f.sequence < 1
           or f.sequence <> coalesce(f.last_sequence + 1, f.sequence)
           or f.balance_after is distinct from f.amount + coalesce(
                  f.last_balance, before.balance_after, case when f.sequence = 1 then 0 end)
           or (f.newest and (a.sequence <> f.sequence or a.posted <> f.balance_after))))
    limit 1;
    if found and misplaced then
        raise exception 'an entry names account %, which does not exist or has another kind or currency', broken
            using errcode = '23503', constraint = 'ledger_entries_account', table = 'ledger_entries';
    elsif found then
        raise exception 'an entry of account % is not the next of its chain', broken
            using errcode = '23514', constraint = 'ledger_entries_chain', table = 'ledger_entries';
    end if;
    return null;
end $$
"""

# A wallet that is null is right for some types: ck_transactions_type_says_whose_wallets knows which.
TRANSACTIONS_GUARD = """
create function transactions_guard() returns trigger language plpgsql as $$
declare
    broken uuid;
    missing uuid;
begin
    select f.id, case when s.id is null then f.source_wallet_id end into broken, missing
    from fresh f
    left join only public.wallets s on s.id = f.source_wallet_id
    left join only public.wallets d on d.id = f.destination_wallet_id
    where s.id is distinct from f.source_wallet_id or d.id is distinct from f.destination_wallet_id
    limit 1;
    if found then
        raise exception 'a wallet of transaction % does not exist', broken
            using errcode = '23503', constraint = case when missing is null then 'transactions_destination_wallet'
                else 'transactions_source_wallet' end, table = 'transactions';
    end if;
    return null;
end $$
"""

TRANSACTIONS_TRIGGER = """
create trigger transactions_guard after insert on transactions
    referencing new table as fresh for each statement execute function transactions_guard()
"""

DROPPED = {
    "fk_ledger_entries_account": "ledger_entries",
    "fk_ledger_entries_transaction": "ledger_entries",
    "fk_transactions_source_wallet_id_wallets": "transactions",
    "fk_transactions_destination_wallet_id_wallets": "transactions",
}


def upgrade() -> None:
    op.execute(LOCK)
    op.execute(REFUSE)
    for table in REFERENCED:
        op.execute(
            f"create trigger {table}_never_removed before delete on {table} "
            "for each row execute function rows_are_never_removed()"
        )
        op.execute(
            f"create trigger {table}_never_truncated before truncate on {table} "
            "for each statement execute function rows_are_never_removed()"
        )
        op.execute(f"alter table {table} enable always trigger {table}_never_removed")
        op.execute(f"alter table {table} enable always trigger {table}_never_truncated")
    op.execute(ACCOUNTS_IMMUTABLE)
    op.execute("alter table ledger_accounts enable always trigger ledger_accounts_immutable")
    op.execute(ENTRIES_GUARD)
    op.execute(TRANSACTIONS_GUARD)
    op.execute(TRANSACTIONS_TRIGGER)
    op.execute("alter table transactions enable always trigger transactions_guard")
    for key, table in DROPPED.items():
        op.drop_constraint(key, table, type_="foreignkey")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
