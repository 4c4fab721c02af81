"""Money requests: one person requests money from another.

    money_request.py   a money request and its statuses
    listing.py         a wallet's money requests, newest first
    feed.py            the live changes of money requests
    errors.py          the refusals of money requests
    models.py          the table
    guards.py          the triggers and constraints of money requests in PostgreSQL
    repository.py      the SQL

This package handles a request's requester, payer, amount and expiry. It must not depend on how a request is paid.
"""
