"""Writes a book with millions of transactions: `python -m benchmarks.large_book`.

It writes sets of rows with SQL instead of paying through the clearing, in steps of STEP transactions. All
constraints, foreign keys and guards of the tables are in force, and the audit finds no error in the result.

    python -m benchmarks.large_book DIRECTORY --transactions 10000000 --audit

DIRECTORY becomes the data directory of an embedded PostgreSQL. To serve the book, start a server with
POCKETPAY_DATA=DIRECTORY.

    people     one per PER_PERSON transactions, at least MIN_PEOPLE: person_0, person_1, …; each made a deposit first
    shop       receives every tenth payment
    club       receives every hundredth payment
    payments   from one person to another, over YEARS until now, with short descriptions

With --audit it audits the book twice and prints how long that took: all of it, and after ADDED more payments what was
added.
"""

import argparse
import asyncio
import time
from pathlib import Path

import asyncpg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Database
from pocketpay.ledger.repository import postings
from pocketpay.operations import recorded_audit

MAX_TRANSACTIONS = 20_000_000
STEP = 50_000
PER_PERSON = 1_000
MIN_PEOPLE = 200
YEARS = 2
OPENING_MINOR = 1_000_000_000
"""The deposit of each person: more than a person can spend here."""

ADDED = 10_000
"""The payments between the two audits of --audit."""

SHOP, CLUB = "shop", "club"
RARE = "xylophone"
"""The word in the descriptions of two payments."""

SETTINGS = "set synchronous_commit = off; set work_mem = '256MB'; set jit = off; select setseed(0.5);"
"""A book of one size is always the same, except its ids and times."""

TABLES = """
create temporary table people (n int primary key, username text, wallet_id uuid, since timestamptz);
create temporary table step (
    n int, id uuid, type text, source uuid, destination uuid, amount bigint, description text, at timestamptz);
"""

PEOPLE = """
insert into people
select n, case n when 0 then $2 when 1 then $3 else 'person_' || n - 2 end, uuidv7(), since
from generate_series(0, $1::int + 1) n
cross join (select clock_timestamp() - make_interval(years => $4)) start(since)
"""

ACCOUNTS = """
insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at)
    select wallet_id, 'wallet', 'USD', 0, 0, 0, 0, since from people;
insert into wallets (id, account_kind, currency, status, created_at, updated_at)
    select wallet_id, 'wallet', 'USD', 'active', since, since from people;
insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at)
    select uuidv7(), username, username, 'none', 'member', wallet_id, since, since from people;
analyze people, ledger_accounts, wallets, users;
"""

DEPOSITS = f"""
insert into step
select n, uuidv7(since - clock_timestamp()), 'deposit', null, wallet_id, {OPENING_MINOR}, 'Opening deposit', since
from people
"""

PAYMENTS = f"""
insert into step
select drawn.n, uuidv7(at - clock_timestamp()), 'send', payer.wallet_id, payee.wallet_id, amount, description, at
from (
    select n,
        2 + floor(random() * $3::int)::int as payer,
        case when n % 10 = 0 then 0 when n % 100 = 1 then 1 else 2 + floor(random() * $3)::int end as payee,
        1 + floor(random() * 5000)::int as amount,
        (array['Lunch', 'Coffee', 'Rent', 'Groceries', 'Taxi home', 'Concert tickets', 'Birthday present', 'Gym',
            'Café Zürich', 'Electricity', 'Dinner with friends', 'Order', 'Invoice', 'Books', 'Train to Lyon',
            'Thanks!'])[1 + floor(random() * 16)::int]
            || case when random() < 0.5 then '' else ' ' || floor(random() * 1e6)::int end
            || case when n = any($4::int[]) then ' ' || '{RARE}' else '' end as description,
        $5::timestamptz + (n::float8 / $6::float8) * make_interval(secs => $7 * 365 * 86400) as at
    from generate_series($1::int, $2::int) n) drawn
join people payer on payer.n = drawn.payer
join people payee on payee.n = case when drawn.payee = drawn.payer then 2 + (drawn.payer - 1) % $3
    else drawn.payee end
"""

WRITE = (
    """
    insert into transactions (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee,
        description, bank_name, risk_reasons, version, created_at, updated_at, completed_at)
    select id, type, 'completed', 'USD', source, destination, amount, 0, description,
        case type when 'deposit' then 'Bench Bank' end, '[]', 1, at, at, at
    from step order by n
    """,
    """
    create temporary table leg on commit drop as
    select step.id as transaction_id, side.account_id, side.amount, step.description, step.at,
        account.sequence + row_number() over chain as sequence,
        (account.posted + sum(side.amount) over chain)::bigint as balance_after
    from step
    cross join lateral (values (source, -amount), (destination, amount)) side(account_id, amount)
    join ledger_accounts account on account.id = side.account_id
    window chain as (partition by side.account_id order by step.at, step.n)
    """,
    """
    update ledger_accounts account
    set posted = account.posted + moved.total, sequence = account.sequence + moved.many,
        version = account.version + moved.many, updated_at = moved.last
    from (select account_id, sum(amount)::bigint as total, count(*) as many, max(at) as last from leg
        group by account_id) moved
    where account.id = moved.account_id
    """,
    """
    insert into ledger_entries (id, account_id, transaction_id, amount, currency, kind, sequence, balance_after,
        description, created_at)
    select uuidv7(at - clock_timestamp()), account_id, transaction_id, amount, 'USD', 'wallet', sequence,
        balance_after, description, at
    from leg
    union all
    select uuidv7(at - clock_timestamp()), house.id, step.id, -step.amount, 'USD', 'bank', null, null, description, at
    from step join ledger_accounts house on house.kind = 'bank' and house.currency = 'USD'
    where step.type = 'deposit'
    """,
    """
    insert into wallet_usage as usage (wallet_id, kind, hour, amount)
    select coalesce(source, destination), case type when 'send' then 'transfer' else 'deposit' end,
        date_trunc('hour', at, 'UTC'), sum(amount)
    from step group by 1, 2, 3
    on conflict (wallet_id, kind, hour) do update set amount = usage.amount + excluded.amount
    """,
    """
    insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, created_at)
    select coalesce(source, destination), id::text, case type when 'send' then 'transfer' else type end,
        sha256(convert_to(id::text, 'UTF8')), array[id], at
    from step order by n
    """,
    "truncate step",
)

KNOWN_PEOPLE = f"""
insert into people
select case username when '{SHOP}' then 0 when '{CLUB}' then 1 else substr(username, 8)::int + 2 end, username,
    wallet_id, created_at
from users
"""


def people_in(transactions: int) -> int:
    """The number of people in a book with that many transactions, without the shop and the club."""
    return max(MIN_PEOPLE, transactions // PER_PERSON)


async def write(owner: "asyncpg.Connection[asyncpg.Record]", transactions: int, *, step: int = STEP) -> None:
    """Writes a book with that many payments into the owner's empty database, which has its system accounts. Shows
    its progress. Two payments are `RARE`."""
    people = people_in(transactions)
    rare = [transactions // 3, transactions // 2]
    await owner.execute(SETTINGS + TABLES)
    await owner.execute(PEOPLE, people, SHOP, CLUB, YEARS)
    await owner.execute(ACCOUNTS)
    since = await owner.fetchval("select min(since) from people")
    await _write_step(owner, DEPOSITS)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task("payments", total=transactions)
        for first in range(1, transactions + 1, step):
            last = min(first + step - 1, transactions)
            await _write_step(owner, PAYMENTS, first, last, people, rare, since, transactions + 1, YEARS)
            progress.update(task, completed=last)
    await owner.execute(
        "vacuum analyze transactions, ledger_accounts, ledger_entries, wallet_usage, idempotency_keys"
    )


async def write_more(owner: "asyncpg.Connection[asyncpg.Record]", payments: int) -> None:
    """Adds payments of now to the owner's book."""
    await owner.execute(SETTINGS + TABLES)
    await owner.execute(KNOWN_PEOPLE)
    people = await owner.fetchval("select count(*) - 2 from people")
    now = await owner.fetchval("select clock_timestamp()")
    await _write_step(owner, PAYMENTS, 1, payments, people, [], now, payments, 0)


async def _write_step(owner: "asyncpg.Connection[asyncpg.Record]", drawn: str, *arguments: object) -> None:
    """Draws a step's transactions, and writes them with their entries, balances and usage."""
    async with owner.transaction():
        await owner.execute(drawn, *arguments)
        for statement in WRITE:
            await owner.execute(statement)


async def make(server_dsn: str, owner_dsn: str, transactions: int) -> None:
    """Writes a book with that many payments into an empty database, with its tables."""
    await migrations.upgrade(owner_dsn, server_dsn)
    database = await Database.open(server_dsn)
    async with database.write() as session:
        await postings.ensure_house_accounts(session, ["USD"])
    await database.close()
    owner = await asyncpg.connect(owner_dsn)
    try:
        if await owner.fetchval("select exists (select from transactions)"):
            raise SystemExit("The database already has transactions: give an empty one.")
        await write(owner, transactions)
    finally:
        await owner.close()


async def _audit(server_dsn: str, owner_dsn: str) -> int:
    """Audits the book, adds payments, and audits what was added. Prints the times. Returns 1 when there are
    findings."""
    began = time.monotonic()
    code = await recorded_audit.run(server_dsn, owner_dsn)
    print(f"The whole audit took {time.monotonic() - began:.1f} s.")
    owner = await asyncpg.connect(owner_dsn)
    try:
        await write_more(owner, ADDED)
    finally:
        await owner.close()
    began = time.monotonic()
    code |= await recorded_audit.run(server_dsn, owner_dsn, incremental=True)
    print(f"The audit of {ADDED} more payments took {time.monotonic() - began:.1f} s.")
    return code


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_book", description="Writes a large book.")
    parser.add_argument("directory", type=Path, help="the data directory of an embedded PostgreSQL, new or empty")
    parser.add_argument("--transactions", type=int, default=1_000_000, help=f"1000 to {MAX_TRANSACTIONS:,}")
    parser.add_argument("--audit", action="store_true", help="prove afterwards that the book is correct, and time it")
    arguments = parser.parse_args()
    if not 1_000 <= arguments.transactions <= MAX_TRANSACTIONS:
        parser.error(f"--transactions must be 1000 to {MAX_TRANSACTIONS}")
    with EmbeddedPostgres(arguments.directory) as postgres:
        asyncio.run(make(postgres.server_dsn, postgres.owner_dsn, arguments.transactions))
        if arguments.audit:
            raise SystemExit(asyncio.run(_audit(postgres.server_dsn, postgres.owner_dsn)))


if __name__ == "__main__":
    main()
