"""The ledger: the books, with their accounts and entries.

    account.py     an account in one unit of work
    house.py       the house accounts: Pocket Pay's own, one of each kind per currency
    currencies.py  the currencies that servers of this database have served
    entries.py     the entries of an account
    point.py       a wallet's balance at a moment
    time_zones.py  IANA time zones, and the first moment of a month in one
    month.py       a calendar month in a time zone
    statement.py   a month of a wallet: opening + entries = closing
    audit.py       the proofs of laws 1 to 4
    models.py      the tables
    repository/    the SQL

This package handles accounts, postings, holds and the four laws. It must not depend on customers, on the reason of a
payment, or on risk: it only sees the id of a transaction on each of its legs.
"""
