"""The clearing: carries instructions out, many in one unit of work.

    a verb ─► queue ─► unit of work: lock, look up, decide, write, commit ─► answers

    queue.py            units of work one after another, and what is done when one fails
    waiting.py          which orders wait, and which of them the next unit takes
    clock_alarm.py      the alarm about accounts that were changed last in the future
    ticket.py           one instruction in the queue, and the answer it gets
    unit.py             one unit of work
    look.py             what a unit looks up after its locks
    write.py            what a unit writes
    progress.py         how far a unit came: what an error means depends on it
    instruction.py      what the clearing carries out
    footprint.py        what an instruction needs: what is locked, what is looked up
    outcome.py          what it comes to, and the answer its sender gets
    book.py             what rules read, and what the unit will write
    counters.py         what rules count, kept true within the unit
    written.py          the side effects that a unit writes
    holds.py            how a held payment goes on, and its hold is released
    expire.py           how a held payment expires
    money_requests.py   how a money request goes on and ends
    closing.py          what is looked up when a wallet is closed
    terms.py            what applies to every payment decided now: risk policy, limits, fees, times
    policy.py           keeps the risk policy in force what the database says
    models.py           the table of idempotency keys
    guards.py           what PostgreSQL itself refuses to write
    repository/         the SQL

Knows locks, holds, keys, units of work. Must never know a verb: a verb brings its own rule.
"""
