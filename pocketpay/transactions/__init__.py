"""Transactions: the intent to move money, as a customer sees it.

    transaction.py    one transaction, and its types
    lifecycle.py      its states, and the allowed transitions between them
    visibility.py     what each side may see of it, and from when
    history.py        a wallet's transactions, newest first
    lookups.py        transactions by id, of any owner
    feeds.py          transactions, live
    filter.py         the filter of a history, and a position in it
    reading_time.py   how long filtered pages may keep reading
    sealing.py        writes the blocks that a search reads
    sweeper.py        deletes the hours of usage that no limit reads any more
    statement.py      a month of a wallet, line by line
    limits.py         how much a wallet may move within 24 hours
    allowance.py      the limits of a wallet, and how much of each is used
    errors.py         why money does not move
    stored_refusal.py how a refusal is stored in a row or with an idempotency key
    audit.py          the proofs: holds, legs, refunds, keys, times, limits, closed wallets
    models.py         the tables
    guards.py         the constraints and triggers that PostgreSQL enforces
    repository/       the SQL

This package must not depend on the code that decides or writes a transaction.
"""
