"""Sweepers that delete old rows: several servers have each of them, and one works at a time.

A sweeper deletes a bounded number of rows in a unit of work of its own, by an index, and leaves rows that others have
locked for the next time. At the beginning of the unit it takes its turn. When another server has it, there is nothing
to do: that server deletes the same rows.

The statement of a sweeper has the clock in a subquery, which is evaluated once. With `clock_timestamp()` itself in
the comparison, PostgreSQL would read the index to its end, row by row.

Decision 68 gives the reasons, and docs/operations.md the time for which rows of each table are kept.
"""

from enum import IntEnum

from pocketpay.database.sessions import Session


class Sweeper(IntEnum):
    """The sweepers, with the numbers of their advisory locks: arbitrary, and used for nothing else."""

    COUNTERS = 7_064_738_212_010
    SESSIONS = 7_064_738_212_011
    MAILS = 7_064_738_212_012
    USAGE = 7_064_738_212_013


async def take_turn(session: Session, sweeper: Sweeper) -> bool:
    """Returns whether no other server is in such a unit of work now. The turn lasts until this one ends."""
    taken: bool = await session.fetchval("select pg_try_advisory_xact_lock($1)", sweeper.value)
    return taken
