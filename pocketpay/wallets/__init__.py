"""Wallets of customers.

    balance.py      a wallet's standing and balance
    reads.py        joined reads and live updates of wallets
    models.py       the table
    guards.py       the trigger and constraints of wallets in PostgreSQL
    repository.py   the SQL

This package must not depend on why money moves, on risk, or on how a customer signs in.
"""
