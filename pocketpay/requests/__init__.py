"""Money requests: one person asks another for money.

    money_request.py   a request, and its states
    listing.py         a wallet's requests, newest first
    feed.py            their changes, live
    errors.py          why a request is refused
    models.py          the table
    guards.py          what PostgreSQL itself refuses to write
    repository.py      the SQL

Knows who asked whom for how much, and until when it may be answered. Must never know how it is paid.
"""
