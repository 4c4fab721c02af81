"""Makes the database of the peers, and the file from which wrk reads who pays whom."""

from pathlib import Path

import asyncpg

LEDGER = Path(__file__).with_name("ledger.sql")
OPENING_CENTS = 1_000_000_000
PAYEES = 5


async def make(dsn: str, accounts: int) -> None:
    """Creates the ledger in an empty database, with accounts that have ids from 1 and the same balance."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(LEDGER.read_text())
        await connection.execute(
            "insert into accounts select n, $1, 0 from generate_series(1, $2) n", OPENING_CENTS, accounts
        )
        await connection.execute("analyze")
    finally:
        await connection.close()


async def check(dsn: str, accounts: int) -> None:
    """Raises AssertionError unless the balances are the sum of the entries, and no money was made or lost."""
    connection = await asyncpg.connect(dsn)
    try:
        total, wrong = await connection.fetchrow(
            "select sum(balance), count(*) filter (where balance <> $1 + coalesce(moved, 0)) from accounts "
            "left join (select account_id, sum(amount) moved from entries group by 1) on account_id = id",
            OPENING_CENTS,
        )
    finally:
        await connection.close()
    assert (total, wrong) == (OPENING_CENTS * accounts, 0), f"a peer's books are wrong: {total}, {wrong} accounts"


def write_targets(path: Path, accounts: int) -> Path:
    """Writes a line for each account: its id, a dash for the token, and the accounts that it pays."""
    numbers = range(1, accounts + 1)
    path.write_text(
        "".join(
            f"{number}\t-\t{','.join(str((number + step - 1) % accounts + 1) for step in range(1, PAYEES + 1))}\n"
            for number in numbers
        )
    )
    return path


def write_pair(path: Path) -> Path:
    """Writes the lines of two accounts that pay each other."""
    path.write_text("1\t-\t2\n2\t-\t1\n")
    return path
