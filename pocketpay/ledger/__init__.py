"""The ledger: the books themselves. Accounts and their entries.

    account.py     an account as one unit of work holds it
    house.py       the house's own accounts, one of each kind per currency
    currencies.py  the currencies that servers of this database have served
    entries.py     the entries of an account
    point.py       a wallet's balance at a moment
    time_zones.py  IANA time zones, and the first moment of a month in one
    month.py       a calendar month in a time zone
    statement.py   a month of a wallet: opening + entries = closing
    audit.py       the proofs of laws 1 to 4
    models.py      the tables
    repository/    the SQL

Knows accounts, postings, holds, and the four laws. Must never know a customer, the reason of a payment, or a risk: it
sees only a transaction's id on both of its legs.
"""
