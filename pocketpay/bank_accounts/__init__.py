"""Bank accounts that customers have linked, the orders through them, and what banks take back after settlement.

    bank_account.py   one linked bank account, and the transitions between its statuses
    bank_return.py    how much of a settled order the bank has taken back, and what of it is not in the books yet
    listing.py        a wallet's bank accounts
    open_returns.py   the returns that are not in the books yet, for operators
    links.py          the link of a bank account, as a provider gets it
    feed.py           bank accounts, live
    errors.py         the refusals about bank accounts
    audit.py          the proofs: accounts, orders, returns
    guards.py         the constraints and triggers that PostgreSQL enforces
    models.py         the tables
    repository/       the SQL

An account number never reaches this server: a row has the bank's name, the last four digits, and the provider's own
reference. This package must not depend on the code that decides about an order.

Decision 75 gives the reasons.
"""
