"""All of identity's SQL.

    people.py      users: found, listed, changed
    profiles.py    people as others see them
    sessions.py    sessions and their refresh tokens
    throttles.py   the counters that every server shares

Times are PostgreSQL's own, read by the statement that writes them: servers' clocks may differ, this one is one.
"""
