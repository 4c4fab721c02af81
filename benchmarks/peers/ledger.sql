-- The smallest double-entry ledger: a stored balance, one transfer with two entries, no overdraft. Amounts in minor units.

create table accounts (
    id int primary key,
    balance bigint not null check (balance >= 0),
    version bigint not null
) with (fillfactor = 50);

create table transfers (
    id bigint generated always as identity primary key,
    source int not null references accounts,
    destination int not null references accounts,
    amount bigint not null check (amount > 0),
    at timestamptz not null default clock_timestamp()
);

create table entries (
    account_id int not null,
    version bigint not null,
    transfer_id bigint not null,
    amount bigint not null,
    balance bigint not null,
    primary key (account_id, version)
);

-- Locks both accounts in the order of their ids, so that two payments never wait for each other. Returns the transfer's id.
create function pay(payer int, payee int, cents bigint) returns bigint language plpgsql as $$
declare
    written bigint;
begin
    perform from accounts where id in (payer, payee) order by id for no key update;
    insert into transfers (source, destination, amount) values (payer, payee, cents) returning id into written;
    with changed as (
        update accounts
        set balance = balance + case id when payer then -cents else cents end, version = version + 1
        where id in (payer, payee)
        returning id, version, balance
    )
    insert into entries (account_id, version, transfer_id, amount, balance)
    select id, version, written, case id when payer then -cents else cents end, balance from changed;
    return written;
end $$;
