"""The clearing executes instructions, many in one unit of work.

    a verb ─► queue ─► unit of work: lock, look up, decide, write, commit ─► answers

    queue.py            gives waiting orders to the lanes
    lane.py             runs units of work one after another on one connection, and handles their failures
    answers.py          the answers of committed units that are not sent yet
    traced.py           runs units of work with a span for each, for a server that traces
    waiting.py          the waiting orders, and which of them the next unit takes
    clock_alarm.py      the alarm about accounts whose last change is in the future
    ticket.py           one instruction in the queue, and its answer
    unit.py             one unit of work
    look_up.py          the reads of a unit after it has its locks
    write.py            the writes of a unit
    progress.py         how far a unit got, which decides what an error means
    instruction.py      the protocol of an instruction
    footprint.py        what an instruction locks and looks up
    outcome.py          the outcome of an instruction, and the answer to its sender
    book.py             the state that rules read, and the changes that the unit will write
    counters.py         the counts and sums that rules read, kept up to date within the unit
    written.py          the side effects that a unit writes
    holds.py            how a held payment changes state, and how its hold is released
    expire.py           how a held payment expires
    money_requests.py   how a money request changes state and ends
    closing.py          the additional reads when a wallet is closed
    terms.py            the terms of every payment decided now: risk policy, limits, fees, times
    policy.py           keeps the risk policy in force equal to the database's settings
    models.py           the table of idempotency keys
    guards.py           the triggers and constraints of idempotency keys in PostgreSQL
    repository/         the SQL

This package handles locks, holds, keys and units of work. It must not depend on any verb: a verb brings its own rule.
"""
