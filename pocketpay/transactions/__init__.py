"""Transactions: the intent to move money, as a customer sees it.

    transaction.py    one transaction, and its types
    lifecycle.py      its states, and which follows which
    visibility.py     what each side may see of it, and from when
    history.py        a wallet's transactions, newest first
    lookups.py        transactions by id, of any owner
    feeds.py          transactions, live
    filter.py         what a history is narrowed to, and a position in it
    statement.py      a month of a wallet, line by line
    limits.py         how much a wallet may move within 24 hours
    allowance.py      what of its limits a wallet has left
    errors.py         why money does not move
    stored_refusal.py a refusal as a row or a key keeps it
    audit.py          the proofs: holds, legs, refunds, keys, times, limits, closed wallets
    models.py         the tables
    guards.py         what PostgreSQL itself refuses to write
    repository/       the SQL

Must never know how a transaction is decided or written.
"""
