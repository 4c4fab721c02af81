"""Wallets: what a customer owns.

    balance.py      a wallet as its owner sees it: its standing and its balance
    reads.py        wallets by id, read together, and live
    models.py       the table
    guards.py       what PostgreSQL itself refuses to write
    repository.py   the SQL

Must never know why money moves, who judges it, or how a customer signs in.
"""
