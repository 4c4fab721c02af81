"""Sweepers delete old rows. Every server has all sweepers, and each sweeper works on one server at a time.

A sweeper deletes a bounded number of rows in a unit of work of its own, by an index. It skips rows that other
transactions have locked; a later run deletes them. At the beginning of the unit it takes its turn, an advisory lock.
When another server has the turn, the sweeper does nothing, because that server deletes the same rows.

The statement of a sweeper reads the clock in a subquery, which PostgreSQL evaluates once. With `clock_timestamp()`
directly in the comparison, PostgreSQL would evaluate it for each row and read the whole index.

Decision 68 gives the reasons, and docs/operations.md the time for which rows of each table are kept.
"""

from enum import IntEnum

from pocketpay.database.sessions import Session


class Sweeper(IntEnum):
    """The sweepers. Each value is the number of its advisory lock: arbitrary, and used for nothing else."""

    COUNTERS = 7_064_738_212_010
    SESSIONS = 7_064_738_212_011
    MAILS = 7_064_738_212_012
    USAGE = 7_064_738_212_013


async def take_turn(session: Session, sweeper: Sweeper) -> bool:
    """Takes the turn of the sweeper, until this unit of work ends. Returns False when another server has the turn."""
    taken: bool = await session.fetchval("select pg_try_advisory_xact_lock($1)", sweeper.value)
    return taken
