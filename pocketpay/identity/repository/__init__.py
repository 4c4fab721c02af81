"""The SQL of identity.

    people.py      users: found, listed, changed
    profiles.py    people as others see them
    sessions.py    sessions and their refresh tokens
    leaving.py     what is deleted and kept when a wallet is closed
    throttles.py   the counters that every server shares

Times are PostgreSQL's own, read by the statement that writes them: the clocks of servers may differ.
"""
